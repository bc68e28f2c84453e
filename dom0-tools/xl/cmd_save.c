/* SPDX-License-Identifier: MIT */
/* xl save, restore: a guest in a file. */
#include "xl/cmd.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "toolstack/save.h"
#include "xl/console.h"
#include "xl/incoming.h"
#include "xl/saved.h"
#include "xl/target.h"

const struct option_row save_options[] = {
    {.id = 'c', .help = "let the domain go on"},
    {.id = 'p', .help = "let the domain go on, paused"},
    {.id = 'D', .help = "it shall have the same id when it is restored"},
    {0},
};

const struct option_row restore_options[] = {
    {.id = 'p', .name = "paused", .help = "leave the domain paused"},
    {.id = 'c', .help = "attach to its console before it runs"},
    {.id = 'q', .name = "quiet", .help = "say nothing on success"},
    {.id = 'e', .help = "do not watch the domain in the background"},
    {.id = 'd', .help = "taken, without effect"},
    {0},
};

static enum save_then then(const struct xl *xl)
{
    if (xl_has(xl, 'p'))
        return SAVE_PAUSE;
    return xl_has(xl, 'c') ? SAVE_CONTINUE : SAVE_DESTROY;
}

static int save(struct xl *xl, domid_t domid, const char *path,
                const char *config, struct error **err_out)
{
    struct target target;
    struct save_request request = {
        .domid = domid,
        .config = config,
        .keep_domid = xl_has(xl, 'D'),
        .then = then(xl),
        .settle = target_settle,
        .settle_ctx = &target,
    };
    struct saved_progress *progress;
    struct stream s;
    int rc = target_open(&target, path, err_out);

    if (rc)
        return rc;
    progress = saved_progress_begin(xl, "saving");
    s = (struct stream){.fd = target.fd,
                        .name = path,
                        .sparse = target.partial != NULL,
                        .progress = saved_progress_as(progress),
                        .cancel = xl->cancel};
    rc = save_run(xl->privcmd, xl->store, &request, &s, err_out);
    saved_progress_end(progress);
    target_close(&target);
    return rc;
}

int cmd_save(struct xl *xl, int nr_args, char **args, struct error **err_out)
{
    char *config = NULL;
    struct privcmd *p;
    struct store *s;
    domid_t domid;
    int rc = xl_open(xl, &p, &s, err_out);

    if (!rc)
        rc = domain_find(p, s, args[0], &domid, err_out);
    if (!rc && nr_args > 2)
        rc = saved_config_of_file(xl, args[2], &config, err_out);
    if (rc)
        return rc;
    if (!xl->json)
        fprintf(xl->out, "Saving to %s\n", args[1]);
    rc = save(xl, domid, args[1], config, err_out);
    free(config);
    if (rc)
        return error_wrap(err_out, "%s", args[0]);
    return xl->json ? saved_json(xl, args[1], args[0], domid, err_out) : 0;
}

int cmd_restore(struct xl *xl, int nr_args, char **args, struct error **err_out)
{
    const char *path = args[nr_args - 1];
    struct incoming in = {.xl = xl,
                          .config_path = nr_args > 1 ? args[0] : NULL,
                          .paused = xl_has(xl, 'p') || xl_has(xl, 'c'),
                          .watch = !xl_has(xl, 'e')};
    struct saved_progress *progress = saved_progress_begin(xl, "restoring");
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

    if (fd < 0) {
        saved_progress_end(progress);
        return target_fail(path, "can't read", err_out);
    }
    in.stream = (struct stream){.fd = fd,
                                .name = path,
                                .progress = saved_progress_as(progress),
                                .cancel = xl->cancel};
    if (!xl_has(xl, 'q') && !xl->json)
        fprintf(xl->out, "Loading saved guest from %s\n", path);
    rc = incoming_read(&in, err_out);
    if (!rc)
        rc = incoming_create(&in, NULL, err_out);
    saved_progress_end(progress);
    close(fd);
    if (!rc)
        rc = incoming_start(&in, err_out);
    if (!rc && xl->json)
        rc = saved_json(xl, path, in.config.name, in.domid, err_out);
    if (!rc && xl_has(xl, 'c'))
        rc = console_follow(xl, &in.config, in.domid, err_out);
    incoming_free(&in);
    return rc ? error_wrap(err_out, "%s", path) : 0;
}
