# `./run doctor`: what somebody who helps over the phone asks first. It looks, and changes nothing. Sourced by ./run.

line() { printf '%-14s %s\n' "$1" "$2"; }

version_of() { have "$1" && "$@" 2>/dev/null | head -n 1 || echo "missing"; }

# Who listens on a port, from the kernel's own table, because ss and lsof may be missing.
port_taken() {
    hex=$(printf ':%04X' "$1")
    awk -v port="$hex" '$4 == "0A" && index($2, port) { found = 1 } END { exit !found }' /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

doctor() {
    line system "$(. /etc/os-release 2>/dev/null && echo "$PRETTY_NAME"), $(nproc) cores, $(awk '/MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo)"
    line cargo "$(version_of cargo --version) (at least $(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml))"
    line node "$(version_of node --version) (at least 20.19)"
    line cc "$(version_of cc --version)"
    line chromium "$(version_of chromium --version)"
    line ffmpeg "$(version_of ffmpeg -version | cut -d' ' -f1-3)"
    line postgres "$(postgres_bin >/dev/null && "$(postgres_bin)/postgres" --version || echo missing)"
    line nats "$(PATH=$PATH:/usr/sbin version_of nats-server --version)"
    missing=''
    for thing in $TO_BUILD $TO_TEST; do have "$thing" || missing="$missing $(package_of "$thing")"; done
    line missing "${missing:-nothing}"
    if port_taken 4600; then line "port 4600" "taken (is Dangol running already?)"; else line "port 4600" free; fi
    line disk "$(df -h . | awk 'NR == 2 { print $4 " free of " $2 }')"
    line data "$([ -d data ] && du -sh data | cut -f1 || echo "none yet")"
    certificate
    line clock "$(date '+%Y-%m-%d %H:%M:%S %Z')$(clock_doubt)"
}

# Phones refuse an expired certificate without saying so; the date tells.
certificate() {
    file=$(find data/tls -name '*.pem' ! -name '*key*' 2>/dev/null | head -n 1)
    if [ -z "$file" ]; then line certificate "none yet; made at the first start"
    elif have openssl; then line certificate "$file, $(openssl x509 -in "$file" -noout -enddate 2>/dev/null | sed 's/notAfter=/valid until /')"
    else line certificate "$file (install openssl to see its dates)"; fi
}

# A clock behind the newest commit is wrong, and a wrong clock breaks sign-in codes and live delay alike.
clock_doubt() {
    newest=$(git log -1 --format=%ct 2>/dev/null) || return 0
    if [ "$(date +%s)" -lt "${newest:-0}" ]; then echo "  WRONG: older than the newest commit"; fi
}
