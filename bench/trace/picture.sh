#!/bin/sh
# A picture of a VCD that `starmind trace` wrote, as GTKWave shows it: the request, forward passes, phases, tokens.
#   starmind trace --vcd story.vcd --prompt Once --tokens 2 && sh bench/trace/picture.sh story.vcd bench/trace/story.png
# Needs gtkwave, xvfb and imagemagick. SECONDS_TO_DRAW (default 25) is how long GTKWave gets.
set -eu
vcd=$(realpath "$1")
png=$(realpath -m "$2")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/signals.tcl" <<'TCL'
set names [list uart0_rx pass]
foreach phase [list embed norm qkv rope attention output ffn logits sample] { lappend names phase_$phase }
lappend names token_known
set signals [list]
foreach name $names { lappend signals rp2040.$name }
gtkwave::addSignalsFromList $signals
gtkwave::/Time/Zoom/Zoom_Full
TCL
cat > "$folder/draw.sh" <<'DRAW'
cd "$1"
gtkwave --nowm --rcvar 'hide_sst on' --rcvar 'initial_window_x 1100' --rcvar 'initial_window_y 420' \
  --rcvar 'splash_disable on' --rcvar 'enable_vcd_autosave off' -S signals.tcl "$2" > gtkwave.log 2>&1 &
drawing=$!
sleep "${SECONDS_TO_DRAW:-25}"
import -window root "$3"
kill $drawing
DRAW
xvfb-run -a -s '-screen 0 1100x420x24' sh "$folder/draw.sh" "$folder" "$vcd" "$png"
