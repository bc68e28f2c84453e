/* SPDX-License-Identifier: MIT */
/* xl migrate, migrate-receive, suspend, resume: guests on their way. */
#include "xl/cmd.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uuid/uuid.h>

#include "lib/domctl.h"
#include "toolstack/destroy.h"
#include "toolstack/handshake.h"
#include "toolstack/migrate.h"
#include "toolstack/suspend.h"
#include "xl/incoming.h"
#include "xl/saved.h"

const struct option_row migrate_options[] = {
    {.id = 's',
     .value = "COMMAND",
     .help = "in place of ssh; empty: run <Host> itself, by sh"},
    {.id = 'C', .value = "FILE", .help = "send this configuration"},
    {.id = 'e', .help = "do not watch the domain there"},
    {.id = 'p', .help = "leave it paused there"},
    {.id = 'D', .help = "it shall have the same id there"},
    {.id = 'l', .no_letter = true, .name = "live", .help = "without effect"},
    {.id = 'd', .no_letter = true, .name = "debug", .help = "without effect"},
    {0},
};

const struct option_row receive_options[] = {
    {.id = 'e', .help = "do not watch the domain in the background"},
    {.id = 'p', .help = "leave it paused"},
    {.id = 'd', .help = "without effect"},
    {.id = 'o',
     .no_letter = true,
     .name = "outcome",
     .value = "UUID",
     .help = "say what became of a guest that was on its way"},
    {0},
};

/* Sending. */

/* What sh shall run: as the stock tool makes it, so that what swallows the end
 * of its line swallows ours. */
static int command_make(const struct xl *xl, const char *host,
                        const char *arguments, char **command,
                        struct error **err_out)
{
    const char *ssh = xl->option['s'];
    int len;

    if (ssh && !*ssh)
        len = asprintf(command, "%s", host);
    else
        len = asprintf(command, "exec %s %s xl migrate-receive%s",
                       ssh ? ssh : "ssh", host, arguments);
    if (len >= 0)
        return 0;
    *command = NULL;
    return out_of_memory(err_out);
}

static int commands_make(const struct xl *xl, domid_t domid, const char *host,
                         char **command, char **ask, struct error **err_out)
{
    struct xen_domctl_getdomaininfo info;
    char uuid[UUID_TEXT_SIZE], arguments[64];
    int rc = domctl_info(xl->privcmd, domid, &info, err_out);

    if (rc)
        return rc;
    domain_uuid_text(info.handle, uuid);
    snprintf(arguments, sizeof(arguments), "%s%s", xl_has(xl, 'e') ? " -e" : "",
             xl_has(xl, 'p') ? " -p" : "");
    rc = command_make(xl, host, arguments, command, err_out);
    snprintf(arguments, sizeof(arguments), " --outcome=%s", uuid);
    if (!rc && !(xl->option['s'] && !*xl->option['s']))
        rc = command_make(xl, host, arguments, ask, err_out);
    return rc;
}

static int migrate(struct xl *xl, domid_t domid, const char *host,
                   const char *config, struct error **err_out)
{
    struct saved_progress *progress;
    struct migrate_request request = {
        .save = {.domid = domid,
                 .config = config,
                 .keep_domid = xl_has(xl, 'D')},
        .cancel = xl->cancel,
    };
    char *command = NULL, *ask = NULL;
    int rc = commands_make(xl, domid, host, &command, &ask, err_out);

    if (!rc) {
        request.command = command;
        request.ask_command = ask;
        progress = saved_progress_begin(xl, "migrating");
        request.progress = saved_progress_as(progress);
        signal(SIGPIPE, SIG_IGN);
        rc = migrate_run(xl->privcmd, xl->store, &request, err_out);
        saved_progress_end(progress);
    }
    free(command);
    free(ask);
    return rc;
}

int cmd_migrate(struct xl *xl, int nr_args, char **args, struct error **err_out)
{
    char *config = NULL;
    struct privcmd *p;
    struct store *s;
    domid_t domid;
    int rc = xl_open(xl, &p, &s, err_out);

    (void)nr_args;
    if (!rc)
        rc = domain_find(p, s, args[0], &domid, err_out);
    if (!rc && xl_has(xl, 'C'))
        rc = saved_config_of_file(xl, xl->option['C'], &config, err_out);
    if (rc)
        return rc;
    rc = migrate(xl, domid, args[1], config, err_out);
    free(config);
    if (rc)
        return error_wrap(err_out, "%s", args[0]);
    if (xl->json)
        return saved_json(xl, args[1], args[0], domid, err_out);
    fputs("Migration successful.\n", xl->err);
    return 0;
}

/* Receiving: standard input and output are the connection. */

/* GO has come, or nothing will. From here on nobody interrupts. */
static int permission_await(struct incoming *in, const char *uuid,
                            struct error **err_out)
{
    enum handshake_decision decision = HANDSHAKE_STARTING;
    int rc =
        handshake_await(STDIN_FILENO, handshake_go, in->xl->cancel, err_out);

    if (rc) {
        decision = HANDSHAKE_NONE;
        handshake_decide(in->xl->store, uuid, &decision, NULL);
        return rc;
    }
    rc = handshake_decide(in->xl->store, uuid, &decision, err_out);
    if (!rc && decision != HANDSHAKE_STARTING)
        rc = error_set(err_out, ERROR_MIGRATION, -ECANCELED,
                       "the sender has given up already");
    return rc;
}

static int take_over(struct incoming *in, const char *uuid,
                     struct error **err_out)
{
    struct xl *xl = in->xl;
    int rc = domain_rename(xl->privcmd, xl->store, in->domid, in->config.name,
                           err_out);

    if (!rc)
        rc = incoming_start(in, err_out);
    if (!rc)
        rc = handshake_settle(xl->store, uuid, HANDSHAKE_RUNS, err_out);
    return rc;
}

/* Tell of a start that failed: the sender has its guest back. */
static void failure_report(struct incoming *in, const char *uuid)
{
    static const uint8_t failed = 1;

    handshake_settle(in->xl->store, uuid, HANDSHAKE_NONE, NULL);
    if (!handshake_send(STDOUT_FILENO, handshake_report, NULL) &&
        !peer_write(STDOUT_FILENO, &failed, 1, NULL))
        handshake_send(STDOUT_FILENO, handshake_back, NULL);
}

static int success_report(void)
{
    static const uint8_t good = 0;

    /* Who does not hear it will ask. */
    if (!handshake_send(STDOUT_FILENO, handshake_report, NULL))
        peer_write(STDOUT_FILENO, &good, 1, NULL);
    return 0;
}

/* Nothing that comes now ends this process half way. */
static void signals_block(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

/* The copy is there, paused: whose is the guest? */
static int copy_settle(struct incoming *in, const char *uuid,
                       struct error **err_out)
{
    struct xl *xl = in->xl;
    int rc = handshake_begin(xl->store, uuid, err_out);
    bool started = false;

    if (!rc)
        rc = handshake_send(STDOUT_FILENO, handshake_ready, err_out);
    if (!rc)
        rc = permission_await(in, uuid, err_out);
    signals_block();
    store_set_cancel(xl->store, NULL);
    if (!rc) {
        started = true;
        rc = take_over(in, uuid, err_out);
    }
    if (!rc)
        return success_report();
    destroy_run(xl->privcmd, xl->store, in->domid, NULL);
    if (started)
        failure_report(in, uuid);
    return rc;
}

static int receive(struct incoming *in, struct error **err_out)
{
    struct privcmd *p;
    struct store *s;
    char uuid[UUID_TEXT_SIZE];
    int rc = xl_open(in->xl, &p, &s, err_out);

    if (!rc)
        rc = handshake_send(STDOUT_FILENO, handshake_banner, err_out);
    if (!rc)
        rc = incoming_read(in, err_out);
    if (!rc)
        rc = incoming_create(in, HANDSHAKE_INCOMING, err_out);
    if (rc)
        return rc;
    uuid_unparse_lower(in->config.uuid, uuid);
    return copy_settle(in, uuid, err_out);
}

static int outcome_tell(struct xl *xl, const char *uuid, struct error **err_out)
{
    struct privcmd *p;
    struct store *s;
    uuid_t parsed;
    bool runs;
    int rc;

    if (uuid_parse(uuid, parsed))
        return error_set(err_out, ERROR_USAGE, -EINVAL, "'%s' is no UUID",
                         uuid);
    rc = xl_open(xl, &p, &s, err_out);
    if (!rc)
        rc = handshake_outcome(s, uuid, &runs, err_out);
    return rc ? rc
              : handshake_send(STDOUT_FILENO,
                               runs ? handshake_runs : handshake_none, err_out);
}

int cmd_migrate_receive(struct xl *xl, int nr_args, char **args,
                        struct error **err_out)
{
    struct incoming in = {.xl = xl,
                          .stream = {.fd = STDIN_FILENO,
                                     .name = "the incoming guest",
                                     .cancel = xl->cancel},
                          .paused = xl_has(xl, 'p'),
                          .watch = !xl_has(xl, 'e')};
    int rc;

    (void)nr_args, (void)args;
    signal(SIGPIPE, SIG_IGN);
    if (xl_has(xl, 'o'))
        return outcome_tell(xl, xl->option['o'], err_out);
    rc = receive(&in, err_out);
    incoming_free(&in);
    return rc;
}

static int one_domain(struct xl *xl, const char *which, domid_t *domid_out,
                      struct error **err_out)
{
    struct privcmd *p;
    struct store *s;
    int rc = xl_open(xl, &p, &s, err_out);

    return rc ? rc : domain_find(p, s, which, domid_out, err_out);
}

int cmd_suspend(struct xl *xl, int nr_args, char **args, struct error **err_out)
{
    domid_t domid;
    int rc = one_domain(xl, args[0], &domid, err_out);

    (void)nr_args;
    if (!rc)
        rc = suspend_run(xl->privcmd, xl->store, domid, err_out);
    return rc ? error_wrap(err_out, "%s", args[0]) : 0;
}

int cmd_resume(struct xl *xl, int nr_args, char **args, struct error **err_out)
{
    domid_t domid;
    int rc = one_domain(xl, args[0], &domid, err_out);

    (void)nr_args;
    if (!rc)
        rc = suspend_cancel(xl->privcmd, xl->store, domid, false, err_out);
    return rc ? error_wrap(err_out, "%s", args[0]) : 0;
}
