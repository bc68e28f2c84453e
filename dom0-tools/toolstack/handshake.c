/* SPDX-License-Identifier: MIT */
/* Words of a migration and its outcome; see handshake.h. */
#include "toolstack/handshake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTCOME_MS 30000

const char handshake_banner[] =
    "xl migration receiver ready, send binary domain data.\n";
const char handshake_ready[] = "domain received, ready to unpause";
const char handshake_go[] = "domain is yours, you are cleared to unpause";
const char handshake_report[] = "my copy unpause results are as follows";
const char handshake_back[] = "permission to sender to have domain back";
const char handshake_runs[] = "xl migration outcome: it runs here\n";
const char handshake_none[] = "xl migration outcome: it is not here\n";

/* Its lines have no NUL; the others are sent with it. */
static size_t size_of(const char *message)
{
    size_t length = strlen(message);

    return message[length - 1] == '\n' ? length : length + 1;
}

int handshake_send(int fd, const char *message, struct error **err_out)
{
    return peer_write(fd, message, size_of(message), err_out);
}

int handshake_await(int fd, const char *message, const struct cancel *cancel,
                    struct error **err_out)
{
    char got[128];
    int rc = peer_read(fd, got, size_of(message), cancel, err_out);

    if (rc)
        return rc;
    return memcmp(got, message, size_of(message))
               ? error_set(err_out, ERROR_MIGRATION, -EPROTO,
                           "the other end says something else than '%.40s'",
                           message)
               : 0;
}

/* As the store has them; absent: open. */
static const char *const texts[] = {
    [HANDSHAKE_STARTING] = "starting",
    [HANDSHAKE_RUNS] = "runs",
    [HANDSHAKE_NONE] = "none",
};

static void path_make(const char *uuid, char *path, size_t size)
{
    snprintf(path, size, "/libxl/incoming/%s", uuid);
}

static int decision_read(struct store *s, const char *path,
                         enum handshake_decision *decision_out,
                         struct error **err_out)
{
    char *text;
    size_t i;
    int rc = store_read(s, &text, err_out, "%s", path);

    *decision_out = HANDSHAKE_OPEN;
    for (i = HANDSHAKE_STARTING; !rc && text && i <= HANDSHAKE_NONE; i++)
        if (!strcmp(text, texts[i]))
            *decision_out = (enum handshake_decision)i;
    free(text);
    return rc;
}

int handshake_begin(struct store *s, const char *uuid, struct error **err_out)
{
    char path[80];

    path_make(uuid, path, sizeof(path));
    return store_remove(s, err_out, "%s", path);
}

struct deciding {
    const char *path;
    enum handshake_decision wanted;
    enum handshake_decision holds;
};

static int decide(struct store *s, void *ctx, struct error **err_out)
{
    struct deciding *d = ctx;
    int rc = decision_read(s, d->path, &d->holds, err_out);

    if (rc || d->holds != HANDSHAKE_OPEN)
        return rc;
    d->holds = d->wanted;
    return store_write(s, texts[d->wanted], err_out, "%s", d->path);
}

int handshake_decide(struct store *s, const char *uuid,
                     enum handshake_decision *decision_inout,
                     struct error **err_out)
{
    char path[80];
    struct deciding d = {.path = path, .wanted = *decision_inout};
    int rc;

    path_make(uuid, path, sizeof(path));
    rc = store_transaction(s, decide, &d, err_out);
    if (!rc)
        *decision_inout = d.holds;
    return rc;
}

int handshake_settle(struct store *s, const char *uuid,
                     enum handshake_decision decision, struct error **err_out)
{
    char path[80];

    path_make(uuid, path, sizeof(path));
    return store_write(s, texts[decision], err_out, "%s", path);
}

struct waiting {
    struct store *s;
    const char *path;
    enum handshake_decision decision;
};

static int is_settled(void *ctx, struct error **err_out)
{
    struct waiting *w = ctx;
    int rc = decision_read(w->s, w->path, &w->decision, err_out);

    return rc ? rc : w->decision != HANDSHAKE_STARTING;
}

int handshake_outcome(struct store *s, const char *uuid, bool *runs_out,
                      struct error **err_out)
{
    char path[80];
    struct waiting w = {.s = s, .path = path, .decision = HANDSHAKE_NONE};
    int rc = handshake_decide(s, uuid, &w.decision, err_out);

    path_make(uuid, path, sizeof(path));
    if (!rc && w.decision == HANDSHAKE_STARTING)
        rc = store_wait(s, path, OUTCOME_MS, is_settled, &w, err_out);
    if (rc == -ETIMEDOUT)
        return error_set(err_out, ERROR_NO_ANSWER, rc,
                         "whoever has taken the guest does not start it");
    *runs_out = w.decision == HANDSHAKE_RUNS;
    return rc;
}
