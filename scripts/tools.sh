# What must be on the machine before ./run can work, and how it gets there. Sourced by ./run.
# Debian's packages are installed by apt, as root or through sudo, after asking. The two tool chains, Rust and
# Node.js, are the newcomer's own: they are checked, never replaced.

YES=${YES:-}
TO_BUILD="cc cmake pkg-config cargo node npm"
# What the Rust tests need beside the program: they read printed pages back.
TO_READ="pdftotext"
TO_TEST="chromium ffmpeg postgres nats-server cjk-fonts emoji-fonts"

# Is a thing there? Most are commands; the others are known by a file.
have() {
    case $1 in
    postgres) postgres_bin >/dev/null ;;
    cjk-fonts) ls /usr/share/fonts/opentype/noto/NotoSansCJK-*.ttc >/dev/null 2>&1 ;;
    emoji-fonts) [ -f /usr/share/fonts/truetype/noto/NotoColorEmoji.ttf ] ;;
    nats-server) command -v nats-server >/dev/null 2>&1 || [ -x /usr/sbin/nats-server ] ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

# The Debian package that brings a thing.
package_of() {
    case $1 in
    cc) echo build-essential ;;
    postgres) echo postgresql ;;
    cjk-fonts) echo fonts-noto-cjk ;;
    emoji-fonts) echo fonts-noto-color-emoji ;;
    pdftotext) echo poppler-utils ;;
    *) echo "$1" ;;
    esac
}

# The folder with initdb and postgres, which Debian keeps out of PATH.
postgres_bin() {
    for folder in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5 -rn); do
        if [ -x "$folder/initdb" ]; then echo "$folder"; return 0; fi
    done
    found=$(command -v initdb) && dirname "$found"
}

# need build, need build test: checks the tool chains, and installs from Debian what is missing.
need() {
    wanted='' missing=''
    for purpose; do
        case $purpose in
        build) wanted="$wanted $TO_BUILD" ;;
        read) wanted="$wanted $TO_READ" ;;
        test) wanted="$wanted $TO_TEST $TO_READ" ;;
        esac
    done
    for thing in $wanted; do
        case $thing in
        cargo) need_rust ;;
        node) need_node ;;
        *) have "$thing" || missing="$missing $(package_of "$thing")" ;;
        esac
    done
    # shellcheck disable=SC2086  # one word for each package
    [ -z "$missing" ] || install_packages $missing
}

install_packages() {
    say "Missing from this machine: $*"
    command -v apt-get >/dev/null || die "install these packages with your system's tool, then run this again: $*"
    as_root=''
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "ask whoever is root here for: apt-get install $*"
        as_root=sudo
    fi
    if [ -z "$YES" ] && [ -t 0 ]; then
        printf '    Install them now with apt-get? [Y/n] ' >&2
        read -r answer
        case $answer in [nN]*) die "nothing was installed; do it by hand: apt-get install $*" ;; esac
    fi
    say "Installing $*"
    $as_root apt-get update -qq || say "apt-get update had complaints; trying with the lists that are here"
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends "$@" >&2
}

# at_least 1.95 1.96.1: is the second version at least the first?
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

need_rust() {
    oldest=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    # rustup installs into the home folder, which a fresh shell may not have in its PATH yet.
    if ! have cargo && [ -x "$HOME/.cargo/bin/cargo" ]; then PATH=$HOME/.cargo/bin:$PATH; export PATH; fi
    have cargo || die "Rust is missing. Install it with rustup, open a new shell, run this again."
    found=$(rustc --version | cut -d' ' -f2)
    at_least "$oldest" "$found" && return 0
    if have rustup; then die "Rust $found is too old, $oldest is needed: run 'rustup update stable', then this again."; fi
    die "Rust $found from your system is too old, $oldest is needed: install rustup beside it, then run this again."
}

need_node() {
    have node || die "Node.js is missing: install version 20 or newer, then run this again."
    found=$(node --version | tr -d v)
    at_least 20.19 "$found" || die "Node.js $found is too old, 20.19 is needed: update it, then run this again."
}
