/* SPDX-License-Identifier: MIT */
/*
 * Client of xenstored.
 *
 * The store is a tree of nodes with values of up to some kilobytes. All clients
 * see the same tree, a transaction sees its own until it ends, and watches tell
 * of changes. A path begins with "/", or else is seen from the home of the
 * domain that asks (/local/domain/<domid>).
 *
 * Threads: one handle may be used by any number of threads at the same time,
 * but xs_close() by the last one. Threads that wait read for each other; there
 * is none behind the scenes.
 *
 * Errors: a call that fails returns NULL, false, XBT_NULL or -1 and sets errno:
 * to what the daemon says (ENOENT, EACCES, EEXIST, EINVAL, ENOSPC, EAGAIN,
 * ...), E2BIG   a request longer than XENSTORE_PAYLOAD_MAX; nothing was sent
 *   EBADF   the daemon has gone; the handle is of no more use
 *   EIO     the daemon has sent what is no message; as EBADF
 *   ENOMEM  no memory
 *
 * A daemon that goes away ends the connection: each call that waits, and each
 * one after it, fails with EBADF, and xs_fileno() is readable for good. Nothing
 * reconnects by itself, as watches and open transactions are the connection's:
 * who wants to go on closes the handle, opens another and sets watches again.
 *
 * Signals: an interrupted call goes on; no call raises SIGPIPE. File
 * descriptors are closed on exec.
 */
#ifndef XENSTORE_H
#define XENSTORE_H

#include <xenstore_lib.h>

#ifdef __cplusplus
extern "C" {
#endif

/* No transaction: the call takes effect at once. */
#define XBT_NULL 0

/* Flags of xs_open(). The first two have no effect. */
#define XS_OPEN_READONLY   (1UL << 0)
#define XS_OPEN_SOCKETONLY (1UL << 1)
/*
 * Once xs_unwatch() has returned, no event of that watch is delivered, not even
 * one that came before. Whoever sets this watches no two paths of which one is
 * below the other with the same token.
 */
#define XS_UNWATCH_FILTER (1UL << 2)

struct xs_handle;
typedef uint32_t xs_transaction_t;

/**
 * Connect to the daemon: through xs_daemon_socket(), or where that is not there
 * through the kernel's device, /dev/xen/xenbus.
 *
 * After fork() the handle is the parent's alone.
 *
 * Returns a handle for xs_close(), or NULL with errno from connect() or open().
 */
struct xs_handle *xs_open(unsigned long flags);

/** Close a handle that no thread uses; NULL is fine. */
void xs_close(struct xs_handle *xsh);

/** xs_open(0), by older names. */
struct xs_handle *xs_daemon_open(void);
struct xs_handle *xs_domain_open(void);
struct xs_handle *xs_daemon_open_readonly(void);

/** xs_close() by an older name. */
void xs_daemon_close(struct xs_handle *xsh);

/** Give up the parent's handle in the child after fork(). */
void xs_daemon_destroy_postfork(struct xs_handle *xsh);

/**
 * Names of a node's children, in the daemon's order. However many there are:
 * lists longer than one message are fetched in parts, again from the start when
 * the node changes meanwhile.
 *
 * Returns an array of *num strings, NULL behind them; one free() frees it all.
 */
char **xs_directory(struct xs_handle *h, xs_transaction_t t, const char *path,
                    unsigned int *num);

/**
 * A node's value, with a NUL behind it that *len does not count.
 *
 * @len  NULL if of no interest
 *
 * Returns it for free().
 */
void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path,
              unsigned int *len);

/** Set a node's value; make the node, and those above it, where missing. */
bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path,
              const void *data, unsigned int len);

/** Make a node, and those above it, where missing; true also if it is there. */
bool xs_mkdir(struct xs_handle *h, xs_transaction_t t, const char *path);

/**
 * Remove a node and all below it. True also if it is missing, but ENOENT if its
 * parent is, too.
 */
bool xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path);

/** Not supported: always false. */
bool xs_restrict(struct xs_handle *h, unsigned int domid);

/** A node's permissions, owner first: an array of *num entries for free(). */
struct xs_permissions *xs_get_permissions(struct xs_handle *h,
                                          xs_transaction_t t, const char *path,
                                          unsigned int *num);

/**
 * Set a node's permissions, owner first. Only the owner and dom0 may; only dom0
 * can give a node to another owner.
 */
bool xs_set_permissions(struct xs_handle *h, xs_transaction_t t,
                        const char *path, struct xs_permissions *perms,
                        unsigned int num_perms);

/**
 * Ask for an event whenever the node or one below it changes, and a first one
 * at once. EEXIST if the handle has the same watch.
 *
 * @path   or "@introduceDomain", "@releaseDomain"
 * @token  comes back with each event
 */
bool xs_watch(struct xs_handle *h, const char *path, const char *token);

/** Ask for no more events of a watch. ENOENT if there is no such watch. */
bool xs_unwatch(struct xs_handle *h, const char *path, const char *token);

/**
 * A file descriptor for poll(), readable when xs_check_watch() has something to
 * say; now and then also when not. It is the handle's own: it must be neither
 * read nor closed.
 */
int xs_fileno(struct xs_handle *h);

/**
 * The next event, without waiting.
 *
 * After xs_fileno() has become readable, call this until it fails with EAGAIN.
 *
 * Returns an array [XS_WATCH_PATH], [XS_WATCH_TOKEN]; one free() frees it all.
 *         EAGAIN if there is no event.
 */
char **xs_check_watch(struct xs_handle *h);

/**
 * The next event; wait for it. A thread may be cancelled here.
 *
 * @num  the number of strings, 2
 *
 * Returns as xs_check_watch() does.
 */
char **xs_read_watch(struct xs_handle *h, unsigned int *num);

/**
 * Begin a transaction: until it ends, calls with its id see no changes by
 * others, and others do not see its changes.
 *
 * Returns its id, or XBT_NULL.
 */
xs_transaction_t xs_transaction_start(struct xs_handle *h);

/**
 * End a transaction. EAGAIN: others have changed what it used, and none of its
 * changes were made; begin again.
 *
 * @abort  drop all changes
 */
bool xs_transaction_end(struct xs_handle *h, xs_transaction_t t, bool abort);

/**
 * Connect the daemon with a domain's page and event channel. For dom0 only, as
 * are the four after this.
 *
 * @mfn       the page, as a frame number of the domain
 * @eventchn  a port of the domain, bound to nothing
 */
bool xs_introduce_domain(struct xs_handle *h, unsigned int domid,
                         unsigned long mfn, unsigned int eventchn);

/** Let domain domid use the store as domain target may. */
bool xs_set_target(struct xs_handle *h, unsigned int domid,
                   unsigned int target);

/** Let @releaseDomain fire once more when the domain shuts down. */
bool xs_resume_domain(struct xs_handle *h, unsigned int domid);

/** Disconnect a domain. */
bool xs_release_domain(struct xs_handle *h, unsigned int domid);

/** A domain's home in the store, for free(); the domain need not exist. */
char *xs_get_domain_path(struct xs_handle *h, unsigned int domid);

/**
 * Whether child is parent or below it, judged by the strings alone: neither of
 * them ends with "/".
 */
bool xs_path_is_subpath(const char *parent, const char *child);

/** Whether the daemon is connected with the domain; false also on an error. */
bool xs_is_domain_introduced(struct xs_handle *h, unsigned int domid);

/**
 * Give the daemon a command; xenstore-control(1) lists them.
 *
 * @data  arguments, each with its NUL
 * @len   bytes of data
 *
 * Returns its answer for free().
 */
char *xs_control_command(struct xs_handle *h, const char *cmd, void *data,
                         unsigned int len);

/** xs_control_command() by an older name. */
char *xs_debug_command(struct xs_handle *h, const char *cmd, void *data,
                       unsigned int len);

/** The port on which a domain waits for a request to suspend, or -1. */
int xs_suspend_evtchn_port(int domid);

#ifdef __cplusplus
}
#endif

#endif
