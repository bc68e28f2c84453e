/* SPDX-License-Identifier: MIT */
/* Sending guests; see migrate.h. */
#include "toolstack/migrate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stream/file.h"
#include "toolstack/destroy.h"
#include "toolstack/domain.h"
#include "toolstack/handshake.h"
#include "toolstack/suspend.h"

/* How often the other host is asked, and what lies between. */
#define ASK_TIMES   5
#define ASK_SECONDS 2

struct sender {
    struct privcmd *p;
    struct store *s;
    const struct migrate_request *request;
    domid_t domid;
    char *name;
    char *config;
    struct peer peer;
};

static int guest_send(struct sender *m, struct error **err_out)
{
    struct stream stream = {.fd = m->peer.out,
                            .name = "the other host",
                            .progress = m->request->progress,
                            .cancel = m->request->cancel};
    int rc = file_head_write(&stream, m->config, err_out);

    if (!rc)
        rc = file_domain_write(m->p, m->domid, &stream, err_out);
    return rc ? rc
              : handshake_await(m->peer.in, handshake_ready, m->request->cancel,
                                err_out);
}

/* Its name is for the copy now, or for the original again. */
static int rename_to(struct sender *m, const char *suffix,
                     struct error **err_out)
{
    char *name;
    int rc;

    if (asprintf(&name, "%s%s", m->name, suffix) < 0)
        return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    rc = domain_rename(m->p, m->s, m->domid, name, err_out);
    free(name);
    return rc;
}

/* Start a question's command, and read its one line. */
static int ask_once(struct sender *m, char *line, size_t size)
{
    struct peer peer;
    size_t got = 0;
    int rc = peer_start(&peer, m->request->ask_command, NULL);

    if (rc)
        return rc;
    while (!rc && got + 1 < size && (!got || line[got - 1] != '\n')) {
        rc = peer_read(peer.in, line + got, 1, NULL, NULL);
        got += !rc;
    }
    line[got] = 0;
    peer_end(&peer);
    return rc;
}

/* Until there is an answer. False where there is none. */
static bool ask(struct sender *m, bool *runs_out)
{
    char line[128];
    int i;

    for (i = 0; m->request->ask_command && i < ASK_TIMES; i++) {
        if (i)
            sleep(ASK_SECONDS);
        if (ask_once(m, line, sizeof(line)))
            continue;
        *runs_out = !strcmp(line, handshake_runs);
        if (*runs_out || !strcmp(line, handshake_none))
            return true;
    }
    return false;
}

static int stays_unknown(struct sender *m, struct error **err_out)
{
    error_set(err_out, ERROR_MIGRATION, -EINPROGRESS,
              "the connection ended before the other host said whether it runs "
              "the guest, which stays here, suspended, as %s" HANDSHAKE_AWAY,
              m->name);
    return error_hint(err_out,
                      "look there: if it runs, `xl destroy %s" HANDSHAKE_AWAY
                      "`; if not, `xl rename %s" HANDSHAKE_AWAY
                      " %s`, `xl resume %s`",
                      m->name, m->name, m->name, m->name);
}

/*
 * What the other host has made of GO. 0: it runs there; -EINPROGRESS: nobody
 * knows; others: it does not and never will.
 */
static int report_await(struct sender *m, struct error **err_out)
{
    bool runs = false;
    uint8_t result = 0;
    int rc = handshake_await(m->peer.in, handshake_report, NULL, err_out);

    if (!rc)
        rc = peer_read(m->peer.in, &result, 1, NULL, err_out);
    if (!rc && !result)
        return 0;
    /* It destroys its copy, and says so. */
    if (!rc)
        rc = handshake_await(m->peer.in, handshake_back, NULL, err_out);
    if (!rc)
        return error_set(err_out, ERROR_MIGRATION, -EREMOTEIO,
                         "the other host could not start it");
    if (!ask(m, &runs))
        return stays_unknown(m, err_out);
    if (!runs)
        return error_set(err_out, ERROR_MIGRATION, -ECONNRESET,
                         "the connection ended before the other host had "
                         "started it");
    error_clear(err_out);
    return 0;
}

/* From the moment on at which it could be taken back. */
static int guest_hand_over(struct sender *m, struct error **err_out)
{
    int rc = rename_to(m, HANDSHAKE_AWAY, err_out);

    if (rc)
        return rc;
    rc = cancel_check(m->request->cancel, err_out);
    if (!rc)
        rc = handshake_send(m->peer.out, handshake_go, err_out);
    if (!rc)
        rc = report_await(m, err_out);
    if (rc && rc != -EINPROGRESS && rename_to(m, "", NULL))
        error_wrap(err_out, "it is now called %s" HANDSHAKE_AWAY, m->name);
    return rc;
}

static int guest_move(struct sender *m, struct error **err_out)
{
    const struct cancel *cancel;
    int rc = suspend_run(m->p, m->s, m->domid, err_out);

    if (rc)
        return rc;
    cancel = store_set_cancel(m->s, NULL);
    rc = guest_send(m, err_out);
    if (!rc)
        rc = guest_hand_over(m, err_out);
    if (!rc)
        rc = destroy_run(m->p, m->s, m->domid, err_out);
    else if (rc != -EINPROGRESS)
        rc = save_undo(m->p, m->s, m->domid, rc, err_out);
    store_set_cancel(m->s, cancel);
    return rc;
}

static int connect_and_move(struct sender *m, struct error **err_out)
{
    int rc = peer_start(&m->peer, m->request->command, err_out);

    if (rc)
        return rc;
    rc = handshake_await(m->peer.in, handshake_banner, m->request->cancel,
                         err_out);
    if (rc)
        error_wrap(err_out, "`%s` does not start", m->request->command);
    else
        rc = guest_move(m, err_out);
    peer_end(&m->peer);
    return rc;
}

int migrate_run(struct privcmd *p, struct store *s,
                const struct migrate_request *request, struct error **err_out)
{
    struct sender m = {
        .p = p, .s = s, .request = request, .domid = request->save.domid};
    int rc = save_config(p, s, &request->save, &m.config, err_out);

    if (!rc)
        rc = store_read(s, &m.name, err_out, "/local/domain/%u/name", m.domid);
    if (!rc && !m.name)
        rc = error_set(err_out, ERROR_STORE, -ENOENT, "it has no name");
    if (!rc)
        rc = connect_and_move(&m, err_out);
    free(m.config);
    free(m.name);
    return rc;
}
