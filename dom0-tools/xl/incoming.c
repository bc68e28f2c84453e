/* SPDX-License-Identifier: MIT */
/* Guests out of streams; see incoming.h. */
#include "xl/incoming.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/domctl.h"
#include "stream/file.h"
#include "toolstack/create.h"
#include "toolstack/saved_config.h"
#include "xl/config_input.h"
#include "xl/watch.h"

int incoming_read(struct incoming *in, struct error **err_out)
{
    int rc = file_head_read(&in->stream, &in->text, err_out);

    if (rc)
        return rc;
    if (in->config_path) {
        free(in->text);
        in->text = NULL;
        return config_input_read(in->xl, in->config_path, 0, NULL, &in->config,
                                 err_out);
    }
    if (in->text)
        return saved_config_parse(in->text, &in->config, err_out);
    error_set(err_out, ERROR_CONFIG, -ENOENT,
              "there is no configuration in it");
    return error_hint(err_out, "name its configuration file, too");
}

/* Under another name meanwhile. */
static int create(struct incoming *in, struct privcmd *p, struct store *s,
                  struct error **err_out)
{
    struct creation c = {.cancel = in->xl->cancel};
    int rc = create_prepare_saved(p, s, &in->config, &in->stream, in->text, &c,
                                  err_out);

    if (rc)
        return rc;
    rc = create_run(p, s, &c, true, &in->domid, err_out);
    creation_free(&c);
    return rc;
}

int incoming_create(struct incoming *in, const char *suffix,
                    struct error **err_out)
{
    char *name = in->config.name;
    struct privcmd *p;
    struct store *s;
    int rc = xl_open(in->xl, &p, &s, err_out);

    if (rc)
        return rc;
    if (suffix && asprintf(&in->config.name, "%s%s", name, suffix) < 0) {
        in->config.name = name;
        return out_of_memory(err_out);
    }
    rc = create(in, p, s, err_out);
    if (suffix) {
        free(in->config.name);
        in->config.name = name;
    }
    return rc ? error_wrap(err_out, "%s", in->config.name) : 0;
}

int incoming_start(struct incoming *in, struct error **err_out)
{
    int rc =
        in->paused ? 0 : domctl_unpause(in->xl->privcmd, in->domid, err_out);

    return !rc && in->watch ? watch_start(&in->config, in->domid, err_out) : rc;
}

void incoming_free(struct incoming *in)
{
    free(in->text);
    vm_config_free(&in->config);
}
