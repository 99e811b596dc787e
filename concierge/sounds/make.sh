#!/bin/sh
# Makes the prompts from LANGUAGE.txt with espeak-ng and sox (8 kHz, mono, 16 bit); without names, all of them:
#   sh concierge/sounds/make.sh [LANGUAGE [NAME…]]
set -eu
here=$(dirname "$0")
wanted=${1:-en pl ru}
[ $# -eq 0 ] || shift
for language in $wanted; do
    case $language in en) voice=en-gb ;; *) voice=$language ;; esac
    mkdir -p "$here/$language"
    while IFS=: read -r name text; do
        case " $* " in "  " | *" $name "*) ;; *) continue ;; esac
        espeak-ng -v "$voice" -s 150 -w "$here/$language/$name.raw.wav" "$text" </dev/null
        tight=
        case $name in digit-*) tight="silence 1 0.01 1% reverse silence 1 0.01 1% reverse pad 0 0.08" ;; esac
        # shellcheck disable=SC2086 # words on purpose
        sox -D "$here/$language/$name.raw.wav" -r 8000 -c 1 -b 16 "$here/$language/$name.wav" gain -n -3 $tight
        rm "$here/$language/$name.raw.wav"
    done <"$here/$language.txt"
done
