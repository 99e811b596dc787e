#!/bin/sh
# Makes the prompts from en.txt with espeak-ng and sox (8 kHz, mono, 16 bit): sh concierge/sounds/make.sh
set -eu
here=$(dirname "$0")
while IFS=: read -r name text; do
    espeak-ng -v en-gb -s 150 -w "$here/en/$name.raw.wav" "$text" </dev/null
    tight=
    case $name in digit-*) tight="silence 1 0.01 1% reverse silence 1 0.01 1% reverse pad 0 0.08" ;; esac
    # shellcheck disable=SC2086 # words on purpose
    sox -D "$here/en/$name.raw.wav" -r 8000 -c 1 -b 16 "$here/en/$name.wav" gain -n -3 $tight
    rm "$here/en/$name.raw.wav"
done <"$here/en.txt"
