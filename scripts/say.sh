# How ./run talks: numbered steps with the time they took, and a summary at the end of a test run.
# Sourced by ./run; everything here goes to standard error, so that figures on standard output stay clean.

began=$(date +%s)
at=0 of=0 good=0 bad=0 report=''

say() { printf '    %s\n' "$*" >&2; }
die() { printf './run: %s\n' "$*" >&2; exit 1; }
clock() { printf '%d:%02d' $(($1 / 60)) $(($1 % 60)); }

# How many steps there will be.
steps() { of=$1; }

progress() {
    at=$((at + 1))
    printf '[%d/%d %s] %s\n' "$at" "$of" "$(clock $(($(date +%s) - began)))" "$1" >&2
}

# step "What it does" COMMAND…: one step that the rest needs; the script ends when it fails.
step() {
    progress "$1"
    shift
    "$@" || die "this step failed: $*"
}

# attempt NAME: runs the function NAME as a step, remembers how it went, and goes on.
attempt() {
    progress "$1"
    since=$(date +%s)
    if ("$1"); then good=$((good + 1)) mark=ok; else bad=$((bad + 1)) mark=FAILED; fi
    report="$report$(printf '%-10s %-7s %s' "$1" "$mark" "$(clock $(($(date +%s) - since)))")
"
}

summary() {
    printf '\n%s\nsteps: %d passed, %d failed\nin %s minutes\n' \
        "$report" "$good" "$bad" "$(clock $(($(date +%s) - began)))"
    [ "$bad" -eq 0 ]
}
