/* SPDX-License-Identifier: MIT */
/*
 * What passes between the daemon and its clients, at a socket that only root
 * may use. A client says which console it wants, and from where on, in one
 * line; the answer is one line, and from then on bytes of the console go both
 * ways until either end closes:
 *
 *   attach <domid> - -                 from where the last one stopped to look
 *   attach <domid> <history> <pos>     from a position of the history's file
 *   attach <domid>/<number> ..         a further console
 *   ok <history> <pos>                 what follows begins there
 *   error <errno> <text>
 *
 * A domain that is not known yet is waited for. The daemon closes when the
 * guest is over and the client has all of its output.
 *
 * A channel with connection=socket has a socket of its own in the same folder,
 * to which one client at a time may connect; what passes there is the guest's
 * alone.
 */
#ifndef CONSOLED_PROTOCOL_H
#define CONSOLED_PROTOCOL_H

#define CONSOLED_RUN_FOLDER "/run/xenconsoled"
#define CONSOLED_SOCKET     "socket" /* in that folder */

/* That of a channel: domain, number of the console. */
#define CONSOLED_CHANNEL_SOCKET "channel-%u-%u"

/* Consoles of one guest, the first one among them. */
#define CONSOLED_MAX_CONSOLES 32u

/* Longest line, with its newline. */
#define CONSOLED_LINE_SIZE 160

#endif
