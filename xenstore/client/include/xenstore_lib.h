/* SPDX-License-Identifier: MIT */
/* Permissions, paths of the daemon, and helpers around them. */
#ifndef XENSTORE_LIB_H
#define XENSTORE_LIB_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/io/xs_wire.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What a domain may do with a node. In a node's list the first entry names the
 * owner, who may do everything; its perms are those of all domains that the
 * list does not name.
 */
struct xs_permissions {
    unsigned int id;    /* domain */
    unsigned int perms; /* XS_PERM_READ | XS_PERM_WRITE */
};

#define XS_PERM_NONE  0x00
#define XS_PERM_READ  0x01
#define XS_PERM_WRITE 0x02
/* Never on the wire; a list that has one of them is refused. */
#define XS_PERM_ENOENT_OK 0x04
#define XS_PERM_OWNER     0x08
/* An entry that counts for nothing. */
#define XS_PERM_IGNORE 0x10

/* Room for the decimal digits, a sign and the NUL of an integer like x. */
#define MAX_STRLEN(x) ((sizeof(x) * CHAR_BIT + CHAR_BIT - 1) / 10 * 3 + 2)

/** $XENSTORED_RUNDIR, or where the daemon keeps its files without that. */
const char *xs_daemon_rundir(void);

/**
 * $XENSTORED_PATH, or the daemon's socket in xs_daemon_rundir(). The string
 * lives until the same thread calls this again.
 */
const char *xs_daemon_socket(void);

/** Same as xs_daemon_socket(): there is no other socket for readers. */
const char *xs_daemon_socket_ro(void);

/**
 * Write all of len bytes to a file, pipe or socket.
 *
 * Returns false with errno as write() left it. A closed pipe raises SIGPIPE, as
 * it does for write().
 */
bool xs_write_all(int fd, const void *data, unsigned int len);

/**
 * Read num entries like "r7", one NUL-terminated string after the other.
 *
 * Returns false with errno EINVAL where a string is none: n, r, w or b and a
 *         number follow each other and nothing else does.
 */
bool xs_strings_to_perms(struct xs_permissions *perms, unsigned int num,
                         const char *strings);

#ifdef __cplusplus
}
#endif

#endif
