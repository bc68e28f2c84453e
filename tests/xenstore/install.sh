#!/bin/sh
# SPDX-License-Identifier: MIT
# Looks at libxenstore and the xenstore-* commands as they are installed: do
# programs build and run with them, is the interface Debian's, do the manual
# pages tell of all there is.
# usage: install.sh root work-folder
set -u

root=$1 work=$2
cc=${CC:-gcc}
stock=/usr/lib/x86_64-linux-gnu/libxenstore.so.4
lib=$root/usr/lib
man=$root/usr/share/man
passed=0 failed=0
rm -rf "$work"
mkdir -p "$work"
log=$work/log

# check "what is true" command...
check()
{
    what=$1
    shift
    if "$@" > "$log" 2>&1; then
        echo "ok $what"
        passed=$((passed + 1))
    else
        echo "FAIL $what"
        cat "$log"
        failed=$((failed + 1))
    fi
}

pkg()
{
    PKG_CONFIG_PATH=$lib/pkgconfig PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 \
        PKG_CONFIG_ALLOW_SYSTEM_LIBS=1 PKG_CONFIG_SYSROOT_DIR=$root \
        pkg-config "$@" xenstore
}

# Words of $1 and $2, a line each, are the same.
same()
{
    sort -u "$1" > "$work/one"
    sort -u "$2" > "$work/other"
    diff "$work/one" "$work/other"
}

exported()
{
    nm -D --defined-only --with-symbol-versions "$1" | sed -n 's/.* T //p'
}

# ---- programs ----

cat > "$work/program.c" << 'END'
#include <stdio.h>
#include <xenstore.h>

/* Each type and constant that programs know. */
int main(void)
{
    struct xs_permissions perms[1] = {{0, XS_PERM_READ | XS_PERM_WRITE}};
    char text[MAX_STRLEN(unsigned int)] = {0};
    xs_transaction_t t = XBT_NULL;
    struct xs_handle *h = xs_open(XS_UNWATCH_FILTER);
    int index = XS_WATCH_PATH + XS_WATCH_TOKEN + XENSTORE_PAYLOAD_MAX +
                XENSTORE_ABS_PATH_MAX + XENSTORE_REL_PATH_MAX;

    if (h) {
        xs_set_permissions(h, t, "/", perms, 1);
        xs_close(h);
    }
    puts(xs_path_is_subpath("/a", "/a/b") ? "yes" : "no");
    return text[0] || index == 0;
}
END

builds_shared()
{
    # shellcheck disable=SC2046 # flags are words
    $cc -Wall -Wextra -Werror $(pkg --cflags) "$work/program.c" \
        $(pkg --libs) -o "$work/shared" &&
        [ "$(XENSTORED_PATH=/none LD_LIBRARY_PATH=$lib "$work/shared")" = yes ]
}

builds_static()
{
    # shellcheck disable=SC2046
    $cc -static $(pkg --cflags) "$work/program.c" $(pkg --static --libs) \
        -o "$work/static" &&
        [ "$(XENSTORED_PATH=/none "$work/static")" = yes ]
}

builds_as_cplusplus()
{
    # shellcheck disable=SC2046
    clang -x c++ -fsyntax-only -Wall -Werror $(pkg --cflags) "$work/program.c"
}

# Built with Debian's headers and library.
runs_stock_program()
{
    $cc "$work/program.c" -o "$work/stock" -lxenstore &&
        [ "$(XENSTORED_PATH=/none LD_LIBRARY_PATH=$lib "$work/stock")" = yes ] &&
        XENSTORED_PATH=/none LD_LIBRARY_PATH=$lib LD_TRACE_LOADED_OBJECTS=1 \
            "$work/stock" | grep "$lib/libxenstore.so.4"
}

# Both sets of headers in one program: a function that differs is an error, as
# is a constant. The one struct is Debian's here, by another name.
prototypes_match()
{
    for header in xenstore_lib xenstore; do
        sed -e '/#include/d' -e '/^#ifndef XENSTORE/d' \
            -e '/^#define XENSTORE/d' -e '/^#endif/d' \
            -e '/^#define XS_UNWATCH/d' -e '/^#define XS_OPEN/d' \
            -e 's/^struct xs_permissions$/struct stock_permissions/' \
            -e '/^#define MAX_STRLEN/d' "/usr/include/$header.h"
    done > "$work/stock.h"
    cat > "$work/both.c" << 'END'
#include <xenstore.h>
#include "stock.h"
#define SAME(x) _Static_assert(x, #x)
SAME(sizeof(struct xs_permissions) == sizeof(struct stock_permissions));
SAME(offsetof(struct xs_permissions, perms) ==
     offsetof(struct stock_permissions, perms));
SAME(XS_UNWATCH_FILTER == 4);
SAME(XS_OPEN_READONLY == 1 && XS_OPEN_SOCKETONLY == 2);
END
    $cc -std=gnu11 -Wall -Werror -Wno-strict-prototypes -I"$root/usr/include" \
        -fsyntax-only "$work/both.c" &&
        [ "$(grep -c '(.*xs_\|xs_.*(' "$work/stock.h")" -ge 30 ]
}

symbols_match()
{
    exported "$stock" > "$work/theirs"
    exported "$lib/libxenstore.so.4" > "$work/ours"
    same "$work/theirs" "$work/ours"
}

soname_is_right()
{
    objdump -p "$lib/libxenstore.so" | grep 'SONAME *libxenstore.so.4$'
}

# ---- manual pages ----

pages_are_clean()
{
    for page in "$man"/man1/*.1 "$man/man3/xenstore.3"; do
        mandoc -Tlint -W warning "$page" || return 1
    done
}

# Options in the usage text and in the manual page.
options_are_told()
{
    XENSTORED_PATH=/none LD_LIBRARY_PATH=$lib "$root/usr/bin/$1" -h 2>&1 |
        sed 1d | grep -o -e '^  -[a-zA-Z]' -e '--[a-z]*' |
        tr -d ' ' > "$work/usage"
    sed -n 's/^\.It Fl //p' "$man/man1/$1.1" | tr ',' '\n' |
        sed 's/^ *\(Fl \)*//; s/ Ar.*//; s/ *$//; s/^/-/' > "$work/page"
    same "$work/usage" "$work/page"
}

functions_are_told()
{
    exported "$lib/libxenstore.so.4" | sed 's/@.*//' > "$work/functions"
    sed -n 's/^\.Fn \([a-z_0-9]*\).*/\1/p' "$man/man3/xenstore.3" |
        grep '^xs_' > "$work/page"
    same "$work/functions" "$work/page" || return 1
    while read -r name; do
        [ -e "$man/man3/$name.3" ] || return 1
    done < "$work/functions"
}

check shared_library_builds_programs builds_shared
check static_library_builds_programs builds_static
check headers_are_cplusplus_too builds_as_cplusplus
check stock_programs_run_with_the_library runs_stock_program
check symbols_are_the_stock_ones symbols_match
check prototypes_are_the_stock_ones prototypes_match
check soname_is_libxenstore_so_4 soname_is_right
check manual_pages_are_clean pages_are_clean
for command in chmod exists list ls read rm watch write; do
    check "manual_has_all_options_of_$command" options_are_told "xenstore-$command"
done
check manual_has_all_functions functions_are_told

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
