#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What is made of xl's tables: manual pages that mandoc has nothing to say about,
# and completion, by running bash's and zsh's functions beside an xl that lists
# domains.
# usage: docs.sh FOLDER
set -u
folder=$1
passed=0 failed=0

# check NAME EXPECTED GOT
check()
{
    if [ "$2" = "$3" ]; then
        echo "ok $1"
        passed=$((passed + 1))
    else
        echo "FAIL $1: expected '$2', got '$3'"
        failed=$((failed + 1))
    fi
}

xl()
{
    case $1 in
    list) printf 'Name ID\nDomain-0 0\nweb 1\nwebmail 2\n' ;;
    cpupool-list) printf 'Name CPUs\nPool-0 1\nfast 1\n' ;;
    esac
}

# completes NAME EXPECTED WORD...: the last word is being typed.
completes()
{
    local name=$1 expected=$2
    shift 2
    COMP_WORDS=(xl "$@")
    COMP_CWORD=$#
    _xl 2> /dev/null
    check "completes_$name" "$expected" "${COMPREPLY[*]}"
}

. "$folder/completion/xl.bash"
completes commands 'create' cr
completes commands_that_share_a_start 'vcpu-list vcpu-pin vcpu-set' vcpu
completes options_before '--json' --j
completes domains 'web webmail' shutdown w
completes domains_behind_options 'web webmail' -f shutdown -w w
completes a_domain_as_value 'webmail' sched-credit2 -d webm
completes pools 'fast' cpupool-destroy f
completes options '--paused' create --pa
completes short_options_too '-p' create -p
completes options_with_values '--defconfig=' create --def
cd "$folder/completion" || exit 1
completes files_and_keys 'xl.bash' create xl
completes keys 'maxmem= maxvcpus= max_grant_frames= max_maptrack_frames= max_grant_version= max_event_channels=' create ma
completes nothing_without_arguments '' dmesg x

for page in xl.1 xl.cfg.5; do
    check "page_${page%.*}_is_clean" '' \
        "$(mandoc -T lint -W warning "$folder/man/$page" 2>&1 | grep -v 'missing date' | head -n 3)"
    check "page_${page%.*}_has_all" yes \
        "$(mandoc -T utf8 "$folder/man/$page" | col -b | grep -q 'SEE ALSO' && echo yes)"
done
check commands_are_in_the_page yes \
    "$(mandoc -T utf8 "$folder/man/xl.1" | col -b | grep -q 'xl vcpu-pin \[-f\] <Domain>' && echo yes)"
check keys_are_in_the_page yes \
    "$(mandoc -T utf8 "$folder/man/xl.cfg.5" | col -b | grep -q 'cpu_weight = 1..65535' && echo yes)"

# zsh_completes NAME EXPECTED WORD...: the same of zsh, whose own functions are
# played: compadd picks what begins as the last word does.
cat > "${TMPDIR:-/tmp}/xl-zsh.$$" << 'END'
compdef() { }
_files() { print -r FILES }
compadd() {
    while [[ $1 != -- ]] shift
    shift
    for word; do [[ $word != $words[CURRENT]* ]] || print -r -- $word; done
}
xl() {
    case $1 in
    list) print 'Name ID\nDomain-0 0\nweb 1\nwebmail 2' ;;
    cpupool-list) print 'Name CPUs\nPool-0 1\nfast 1' ;;
    esac
}
source $1
shift
words=(xl "$@") CURRENT=$(($# + 1))
_xl
END
trap 'rm -f "${TMPDIR:-/tmp}/xl-zsh.$$"' EXIT
zsh_completes()
{
    local name=$1 expected=$2
    shift 2
    check "zsh_completes_$name" "$expected" \
        "$(zsh -f "${TMPDIR:-/tmp}/xl-zsh.$$" "$folder/completion/_xl" "$@" 2>&1 |
            tr '\n' ' ' | sed 's/ $//')"
}

check zsh_takes_it '' "$(zsh -n "$folder/completion/_xl" 2>&1)"
zsh_completes commands create cr
zsh_completes commands_that_share_a_start 'vcpu-list vcpu-pin vcpu-set' vcpu
zsh_completes domains 'web webmail' shutdown w
zsh_completes domains_behind_options 'web webmail' -f shutdown -w w
zsh_completes a_domain_as_value webmail sched-credit2 -d webm
zsh_completes pools fast cpupool-destroy f
zsh_completes options --paused create --pa
zsh_completes files_and_keys 'FILES maxmem= maxvcpus= max_grant_frames= max_maptrack_frames= max_grant_version= max_event_channels=' create ma
zsh_completes nothing_without_arguments '' dmesg x
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
