#!/bin/sh
# Makes the prompts from en.txt with espeak-ng and sox (8 kHz, mono, 16 bit): sh concierge/sounds/make.sh
set -eu
here=$(dirname "$0")
while IFS=: read -r name text; do
    espeak-ng -v en-gb -s 150 -w "$here/en/$name.raw.wav" "$text" </dev/null
    sox -D "$here/en/$name.raw.wav" -r 8000 -c 1 -b 16 "$here/en/$name.wav" gain -n -3
    rm "$here/en/$name.raw.wav"
done <"$here/en.txt"
