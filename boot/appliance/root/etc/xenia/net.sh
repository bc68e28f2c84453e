# SPDX-License-Identifier: MIT
# The bridge xenbr0, which guests' networks are ports of. Two kinds:
#   bridge  it holds the machine's network card: host and guests get their
#           addresses from the network's own DHCP server
#   own     it holds guests only: the host is 10.9.0.1 and serves addresses

bridge=xenbr0
own_address=10.9.0.1

# The card with address $opt_nic, else the first with a cable, else the first.
choose_card()
{
    first= linked=
    for card in $(cards); do
        ip link set "$card" up
        address=$(cat "/sys/class/net/$card/address")
        [ "$address" != "$opt_nic" ] || {
            echo "$card"
            return
        }
        first=${first:-$card}
        [ "$(cat "/sys/class/net/$card/carrier" 2> /dev/null)" != 1 ] ||
            linked=${linked:-$card}
    done
    echo "${linked:-$first}"
}

has_link()
{
    [ "$(cat "/sys/class/net/$1/carrier")" = 1 ]
}

# What is asked before the card's link is seen is lost, and asked again late.
bridge_network()
{
    ip link set "$bridge" address "$(cat "/sys/class/net/$1/address")" &&
        ip link set "$1" master "$bridge" && ip link set "$bridge" up || return
    wait_for 3 has_link "$bridge"
    udhcpc -i "$bridge" -n -t 5 -T 2 -x "hostname:$(hostname)" \
        -p /run/udhcpc.pid -s /etc/xenia/dhcp && return
    ip link set "$1" nomaster
    return 1
}

own_network()
{
    ip addr add "$own_address/24" dev "$bridge" && ip link set "$bridge" up &&
        mkdir -p /var/lib/misc && : > /var/lib/misc/udhcpd.leases &&
        udhcpd /etc/xenia/udhcpd.conf
}

start_network()
{
    ip link set lo up
    [ "$opt_net" != none ] || {
        echo 'none, as xenia.net says'
        return
    }
    ip link add name "$bridge" type bridge || return
    card= note=
    [ "$opt_net" = own ] || card=$(choose_card)
    if [ -n "$card" ]; then
        if bridge_network "$card"; then
            echo "$bridge: $(cat /run/address) by DHCP over $card, for guests, too"
            return
        fi
        note=", since no DHCP server answers at $card"
    fi
    own_network && echo "$bridge: $own_address, serves addresses to guests$note"
}
