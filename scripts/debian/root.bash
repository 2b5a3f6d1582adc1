# Debian in a folder, for the tests of the package. Sourced by the scripts of this folder, which run as root.

roots=${LORIKEET_ROOTS:-$PWD/.build-debian}
suite=bookworm

say() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; }
fail() { say "FAILED: $*"; exit 1; }
passed() { say "ok: $*"; checks=$((${checks:-0} + 1)); }

require_root() { [ "$(id -u)" = 0 ] || fail "root is required: debootstrap, mounts and chroot"; }

# require_tool COMMAND PACKAGE
require_tool() {
    command -v "$1" >/dev/null && return
    say "installing $2"
    apt-get update -q >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$2" \
        >/dev/null || fail "$1 is missing, and apt-get cannot install $2"
}

# make_root NAME [PACKAGE...]: a Debian that later runs find as it is, with these packages; prints its path
make_root() {
    local name=$1 path=$roots/$1
    shift
    if [ ! -e "$path.done" ]; then
        require_tool debootstrap debootstrap
        say "making the root $name with debootstrap: a few minutes, once"
        rm -rf "$path"
        mkdir -p "$roots"
        debootstrap --variant=minbase ${1:+--include="$(IFS=,; echo "$*")"} "$suite" "$path" > "$path.log" 2>&1 \
            || fail "debootstrap failed; see $path.log"
        touch "$path.done"
    fi
    echo "$path"
}

# begin_overlay BASE: sets work and root. What happens in root changes nothing in BASE, and ends with the script.
begin_overlay() {
    work=$(mktemp -d "$roots/work.XXXXXX")
    root=$work/root
    mkdir "$work/upper" "$work/inner" "$root"
    mount -t overlay overlay -o "lowerdir=$1,upperdir=$work/upper,workdir=$work/inner" "$root" \
        || fail "this machine cannot mount an overlay"
}

# Undoes begin_overlay; does nothing before it.
end_overlay() {
    [ -n "${work:-}" ] || return 0
    for folder in dev proc; do mountpoint -q "$root/$folder" && umount -l "$root/$folder"; done
    mountpoint -q "$root" && umount -l "$root"
    rm -rf "$work"
}

# Mounts what programs in a chroot expect.
mount_system() {
    mount -t proc proc "$root/proc"
    mount --bind /dev "$root/dev"
}

# within COMMAND...: in the root, with an environment of its own
within() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive "$@"; }
