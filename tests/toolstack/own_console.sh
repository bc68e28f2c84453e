# SPDX-License-Identifier: MIT
# The project's own console daemon, `xl console` and `xl top`, with Debian's on the
# other side, too. People are played by tmux (person.sh).

own=/toolstack/xl
xenconsoled=/toolstack/xenconsoled
consoled_pid=/run/xen/xenconsoled.pid

start_own_consoled()
{
    $xenconsoled --log=all --timestamp=none --log-dir=$consoles "$@"
}

# stop_consoled [SIGNAL]: whichever runs, and wait until it is gone.
stop_consoled()
{
    old=$(cat $consoled_pid)
    kill "-${1:-TERM}" "$old" && wait_until 20 process_is_gone "$old"
}

check_console_start()
{
    check_tools_start && stop_consoled && start_own_consoled
}

# The whole of a guest's output is on the terminal that made it.
check_console_create()
{
    truncate -s 32M /disk/file.img
    person ann "$own create -c $(linux_config linux cloud "guest.ip=$address" \
        "$bridge" "disk=['file:/disk/file.img,xvda,w']" \
        "channel=['name=org.test.pty,connection=pty', \
            'name=org.test.socket,connection=socket,path=/run/agent']")"
    will_see ann GUEST-INIT 300 && will_see ann GUEST-READY || return
    # shellcheck disable=SC2016 # the guest's shell computes
    types ann 'echo out-$((6 * 7))' && keys ann Enter && will_see ann out-42
}

# In the guest, a program that answers on a further console.
agent_starts()
{
    # shellcheck disable=SC2016 # the guest's shell computes
    inside $address "setsid sh -c 'stty -echo; while read -r word; do echo \$word-\$((40 + 2)); done' \
        < /dev/$1 > /dev/$1 2> /dev/null &"
}

# Its consoles beyond the first: one for people, one for a program.
check_console_channel()
{
    agent_starts hvc1 && agent_starts hvc2 || return
    person eve "$own console -n 1 linux"
    wait_until 60 agent_answers eve || return
    stop_consoled KILL && start_own_consoled && wait_until 60 agent_answers eve &&
        keys eve C-] && will_see eve 'LEFT 0' || return
    all_same 'channel-list linux' 'list -l linux' &&
        fails 2 'served at the socket /run/agent' console -n 2 linux &&
        fails 2 'has no console 3' console -n 3 linux || return
    wait_until 60 socket_answers && expect states '4 4' "$(channel_states)"
}

agent_answers()
{
    number=$((${number:-1000} + 1))
    types "$1" "word-$number" && keys "$1" Enter && will_see "$1" "word-$number-42" 5
}

# One word, to the program at the socket's other end and back.
socket_answers()
{
    number=$((${number:-1000} + 1))
    echo word-$number | timeout 20 socat -t 5 - UNIX-CONNECT:/run/agent |
        grep -q "word-$number-42"
}

channel_states()
{
    id=$(xl domid linux)
    echo "$(xenstore-read "/local/domain/0/backend/console/$id/1/state")" \
        "$(xenstore-read "/local/domain/0/backend/console/$id/2/state")"
}

check_console_resize()
{
    tmux resize-window -t ann -x 60 -y 20 &&
        tmux resize-window -t ann -x 130 -y 30 || return
    # shellcheck disable=SC2016
    types ann 'echo wide-$((40 + 3))' && keys ann Enter && will_see ann wide-43
}

check_console_detach()
{
    keys ann C-] && will_see ann 'LEFT 0'
}

# answers NAME: the guest whose console NAME has says what is asked.
answers()
{
    number=$(($(seconds) + 1000))
    keys "$1" Enter
    types "$1" "echo say-\$(($number + 1))" && keys "$1" Enter &&
        will_see "$1" "say-$((number + 1))"
}

# What the guest writes while nobody looks is there for who comes next.
check_console_attach()
{
    person bob "$own console linux"
    answers bob || return
    types bob 'sleep 3; echo late-$((50 + 5))' && keys bob Enter C-] &&
        will_see bob 'LEFT 0' || return
    sleep 4
    person cid "$own console linux"
    will_see cid late-55 && answers cid && keys cid C-] && will_see cid 'LEFT 0'
}

# Debian's client at our daemon, then beside our client.
check_console_stock_client()
{
    person dan 'xl console linux'
    answers dan || return
    person eve "$own console linux"
    answers eve && will_see dan "say-$((number + 1))" || return
    keys eve C-] && will_see eve 'LEFT 0' && answers dan && keys dan C-] &&
        will_see dan 'LEFT 0'
}

# The daemon ends and begins again: ours go on, the guest's terminal is back.
check_console_restart()
{
    person bob "$own console linux"
    answers bob || return
    for signal in TERM KILL KILL; do
        stop_consoled $signal && start_own_consoled && answers bob || return
    done
    keys bob C-] && will_see bob 'LEFT 0' || return
    check_console_stock_client
}

# Out of a file, with its console from the first byte on, and the further ones,
# which Linux's driver hangs up: programs open them anew.
check_console_restore()
{
    $own save linux /disk/linux.saved && wait_until 60 is_gone linux || return
    person ann "$own restore -c /disk/linux.saved"
    answers ann && keys ann C-] && will_see ann 'LEFT 0' &&
        rm /disk/linux.saved && agent_starts hvc1 && agent_starts hvc2 || return
    person eve "$own console -n 1 linux"
    wait_until 60 agent_answers eve && keys eve C-] &&
        will_see eve 'LEFT 0' && wait_until 60 socket_answers &&
        expect states '4 4' "$(channel_states)"
}

# Guests that end at once: their output is seen, and why they ended.
check_console_ends()
{
    for word in poweroff crash reboot; do
        person "$word" "$own create -c -e $(tiny_config "$word" "$word" \
            "on_crash='preserve'")"
        will_see $word TINY-UP && will_see $word 'LEFT 0' || return
    done
    sees poweroff 'poweroff has powered off' && sees crash 'crash has crashed' &&
        sees reboot 'reboot has rebooted' || return
    person poweroff "$own create -q -c $(tiny_config poweroff2 poweroff)"
    will_see poweroff TINY-UP && will_see poweroff 'powered off' &&
        wait_until 60 is_gone poweroff2 || return
    for guest in poweroff crash reboot; do
        $own destroy $guest || return
    done
    # Who made it stays with it when it reboots.
    person ann "$own create -c -q $(tiny_config again reboot)"
    will_see ann 'again has rebooted' && will_see_twice ann TINY-UP &&
        keys ann C-] && will_see ann 'LEFT 0' || return
    wait_until 60 again_ends
    person ann "$own create -c -q $(tiny_config idle idle)"
    will_see ann TINY-UP && $own destroy idle &&
        will_see ann 'idle was destroyed' && will_see ann 'LEFT 0'
}

# It comes again and again, until it is gone just when its watcher looks.
again_ends()
{
    $own destroy again 2> /dev/null
    ! pgrep -f 'xl create -c -q /tmp/again' > /dev/null
}

check_console_history()
{
    is_gone poweroff && $own console --history poweroff > /tmp/history || return
    expect history TINY-UP "$(cat /tmp/history)" || return
    $own --json console --history crash > /tmp/history &&
        grep -q '"text": "TINY-UP' /tmp/history || return
    $own console --history linux | grep -q out-42 || return
    ! $own console --history nobody 2> /tmp/err &&
        grep -q 'nobody: no guest of this name' /tmp/err
}

# No line is lost or doubled, wherever it goes.
check_console_killed()
{
    rm -f $consoles/guest-count.log
    $own create -q "$(tiny_config count count)" || return
    $own console count < /dev/null > /tmp/count.client 2> /dev/null &
    client=$!
    sleep 2
    for i in $(seq 20); do
        sleep 0.$((i % 7))
        stop_consoled KILL && start_own_consoled || return
    done
    sleep 1
    $own pause count
    sleep 1
    kill $client
    tr -d '\r' < /tmp/count.client > /tmp/count.seen
    $own console --history count | sed 1d > /tmp/count.history
    in_sequence $consoles/guest-count.log && in_sequence /tmp/count.seen &&
        in_sequence /tmp/count.history || return
    last=$(tail -n 1 $consoles/guest-count.log)
    expect 'last line seen' "$last" "$(tail -n 1 /tmp/count.seen)" || return
    expect 'last line kept' "$last" "$(tail -n 1 /tmp/count.history)" || return
    $own destroy count
    echo "$last"
}

daemon_ticks()
{
    awk '{ print $14 + $15 }' "/proc/$(cat $consoled_pid)/stat"
}

daemon_kib()
{
    sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$(cat $consoled_pid)/status"
}

# One that writes as fast as it can costs the others nothing.
check_console_flood()
{
    stop_consoled && start_own_consoled --log=none --rate=64 || return
    person fay "$own console linux"
    answers fay || return
    $own create -q "$(tiny_config flood flood)" || return
    before=$(daemon_ticks) kib=$(daemon_kib) from=$(seconds)
    for i in 1 2 3 4 5; do
        answers fay || return
        sleep 2
    done
    share=$((($(daemon_ticks) - before) / ($(seconds) - from)))
    $own destroy flood && keys fay C-] && will_see fay 'LEFT 0' || return
    [ "$share" -lt 30 ] || {
        echo "the daemon took $share % of a CPU"
        return 1
    }
    [ "$(daemon_kib)" -lt $((kib + 1024)) ] || {
        echo "the daemon grew from $kib to $(daemon_kib) KiB"
        return 1
    }
    stop_consoled && start_own_consoled || return
    echo "$share % of a CPU, $kib KiB"
}

check_console_log()
{
    $own debug-keys h
    wait_until 20 grep -q "^(XEN) 'h'" $consoles/hypervisor.log || return
    expect 'lines of the key' 1 \
        "$(grep -c "^(XEN) 'h'" $consoles/hypervisor.log)" || return
    stop_consoled KILL && start_own_consoled || return
    sleep 2
    expect 'lines after a restart' 1 \
        "$(grep -c "^(XEN) 'h'" $consoles/hypervisor.log)" || return
    mv $consoles/guest-linux.log /tmp/rotated
    kill -HUP "$(cat $consoled_pid)"
    person bob "$own console linux"
    answers bob && keys bob C-] && wait_until 10 has_printed linux say- &&
        ! grep -q "say-$((number + 1))" /tmp/rotated
}

# What the daemon has left of root's rights.
check_console_sandbox()
{
    status=/proc/$(cat $consoled_pid)/status
    expect capabilities 0000000000000000 \
        "$(awk '/^CapEff/ { print $2 }' "$status")" || return
    expect seccomp 2 "$(awk '/^Seccomp:/ { print $2 }' "$status")" || return
    expect 'new privileges' 1 "$(awk '/^NoNewPrivs/ { print $2 }' "$status")"
}

# Rates and a table, for people.
check_top_screen()
{
    person tom "$own top -d 1"
    will_see tom 'linux .*--b---\|linux .*-----r' && sees tom 'Domain-0' &&
        sees tom 'Memory: ' || return
    keys tom h && will_see tom 'sort by the next column' && keys tom h v &&
        will_see tom 'vcpu 0: ' || return
    tmux resize-window -t tom -x 50 -y 12
    will_see tom 'NAME .*STATE' && will_see tom '^linux' || return
    tmux resize-window -t tom -x 120 -y 40
    keys tom s r && will_see tom 'q quit' && keys tom q &&
        will_see tom 'LEFT 0' || return
    person tom "$own top"
    will_see tom Domain-0 && keys tom C-c && will_see tom 'LEFT 0'
}

# The same numbers as the stock tool, but for those that change with time.
check_top_batch()
{
    inside $address 'dd if=/dev/zero of=/dev/xvda bs=64k count=32; sync'
    xentop -b -i 1 > /tmp/stock.top &&
        $own top -b -i 1 -d 1 > /tmp/own.top || return
    for who in stock own; do
        awk '{ $2 = $3 = $4 = ""; if ($1 != "Domain-0") print }' \
            /tmp/$who.top > /tmp/$who.columns
    done
    diff /tmp/stock.columns /tmp/own.columns || return
    awk '$1 == "linux" && $10 == 1 && $13 == 1 && $18 >= 4096 { ok = 1 }
        END { exit !ok }' /tmp/own.top
}

check_top_json()
{
    inside $address 'i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done' &
    sleep 1
    $own --json top -d 2 > /tmp/top.json || return
    sed -n 's/.*"name": "\(.*\)",/\1/p' /tmp/top.json | sort > /tmp/top.names
    xl list | awk 'NR > 1 { print $1 }' | sort | diff - /tmp/top.names || return
    sed -n '/"linux"/,/memory_kib/s/.*"cpu_percent": \([0-9]*\).*/\1/p' \
        /tmp/top.json > /tmp/top.cpu
    [ "$(cat /tmp/top.cpu)" -gt 10 ] || {
        echo "linux computes, but uses $(cat /tmp/top.cpu) %"
        return 1
    }
}

# Debian's daemon under our xl.
check_console_stock_daemon()
{
    stop_consoled && start_xenconsoled || return
    person gus "$own console linux"
    answers gus || return
    stop_consoled && start_xenconsoled && answers gus && keys gus C-] &&
        will_see gus 'LEFT 0' || return
    person hal "$own create -q -c $(tiny_config short poweroff)"
    will_see hal TINY-UP && will_see hal 'short has powered off\|was destroyed' &&
        will_see hal 'LEFT 0' || return
    stop_consoled && start_own_consoled && destroy linux
}
