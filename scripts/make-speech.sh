#!/usr/bin/env bash
# Makes test/fixtures/speech: short spoken sentences, 24 kHz 16-bit mono WAV, and speech.json that
# says what is spoken, by which voice and when. Needs flite and sox (Debian: apt-get install flite
# sox). The same versions write the same bytes: the noise is sox's own, with a fixed seed (-R).
set -euo pipefail

out="$(cd "$(dirname "$0")/.." && pwd)/test/fixtures/speech"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"

readonly margin=0.15      # seconds kept before the first and after the last sound
readonly level_dbfs=-20   # RMS over the whole clip, pauses included
readonly noise_dbfs=-70   # RMS of the room, instead of digital silence

entries="$work/entries"
: >"$entries"

speak() { # name voice text [stretch]
  local name="$1" voice="$2" text="$3" raw="$work/$1.wav"
  local -a pace=()
  if [[ $# -gt 3 ]]; then pace=(--setf "duration_stretch=$4"); fi
  # One line of "phone:endSeconds" pairs for each phrase.
  flite -voice "$voice" "${pace[@]}" -psdur -t "$text" -o "$raw" | tr ' ' '\n' | grep ':' >"$work/phones"

  # Runs of phones between pauses, as seconds in flite's own output.
  awk -F: '
    { end = $2 + 0; if (end < last) base += last; last = end; end += base }
    $1 == "pau" { if (open) print from, till; open = 0 }
    $1 != "pau" { if (!open) { from = previous; open = 1 } till = end }
    { previous = end }
    END { if (open) print from, till }' "$work/phones" >"$work/runs"

  local first last start length
  first="$(awk 'NR == 1 { print $1 }' "$work/runs")"
  last="$(awk 'END { print $2 }' "$work/runs")"
  start="$(awk -v a="$first" -v m="$margin" 'BEGIN { s = a - m; print (s < 0) ? 0 : s }')"
  length="$(awk -v a="$start" -v b="$last" -v m="$margin" 'BEGIN { print b + m - a }')"

  sox -V1 -R -D "$raw" -e floating-point -b 32 "$work/cut.wav" \
    rate -v 24000 trim "$start" "$length" fade t 0.01 -0 0.01
  local rms gain
  rms="$(sox "$work/cut.wav" -n stat 2>&1 | awk '/RMS.*amplitude/ { print $3 }')"
  gain="$(awk -v r="$rms" -v l="$level_dbfs" 'BEGIN { print l - 20 * log(r) / log(10) }')"
  # White noise at full volume has an RMS of 1/sqrt(3), -4.77 dBFS.
  sox -V1 -R -D -r 24000 -c 1 -n -e floating-point -b 32 "$work/noise.wav" \
    synth "$length" whitenoise gain "$(awk -v n="$noise_dbfs" 'BEGIN { print n + 4.77 }')"
  sox -V1 -R -D "$work/cut.wav" -e floating-point -b 32 "$work/loud.wav" gain "$gain"
  sox -V1 -R -D -m -v 1 "$work/loud.wav" -v 1 "$work/noise.wav" -b 16 -e signed-integer "$out/$name.wav"

  awk -v name="$name" -v voice="$voice" -v text="$text" -v start="$start" -v length_s="$length" '
    { run[NR] = sprintf("{ \"startMs\": %d, \"endMs\": %d }", ($1 - start) * 1000, ($2 - start) * 1000) }
    END {
      runs = run[1]
      for (i = 2; i <= NR; i++) runs = runs ",\n      " run[i]
      if (NR > 1) runs = "\n      " runs "\n    "
      printf "  {\n    \"name\": \"%s\",\n    \"voice\": \"%s\",\n    \"text\": \"%s\",\n", name, voice, text
      printf "    \"durationMs\": %d,\n    \"runs\": [%s]\n  }\n", length_s * 1000, runs
    }' "$work/runs" >>"$entries"
}

rm -f "$out"/*.wav
speak table slt 'Good morning. I would like a table for two near the window, please.'
speak train rms 'Could you tell me when the next train leaves for the harbour?'
speak cake awb 'Two coffees and one slice of lemon cake.'
speak booking kal16 'My booking number is seven four nine two.'
speak museum rms 'The museum opens at nine in the morning and closes at half past five.'
speak wait slt 'Wait, stop. I meant tomorrow evening.'
speak thanks slt 'Yes, thank you.'
# Short enough to be over within five frames of 80 ms, however they fall.
speak uh-huh rms 'Uh huh.' 0.75

{
  echo '['
  awk '/^  }$/ { held = $0; next } held != "" { print held ","; held = "" } { print } END { print held }' "$entries"
  echo ']'
} >"$out/speech.json"
du -cb "$out"/* | tail -1
