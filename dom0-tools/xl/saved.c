/* SPDX-License-Identifier: MIT */
/* What commands about saved guests share; see saved.h. */
#include "xl/saved.h"

#include "lib/json.h"
#include "lib/worker.h"
#include "toolstack/saved_config.h"
#include "xl/config_input.h"
#include "xl/progress_bar.h"

struct saved_progress {
    struct progress_bar bar;
};

struct saved_progress *saved_progress_begin(struct xl *xl, const char *what)
{
    struct saved_progress *progress = worker_shared(sizeof(*progress));

    if (progress)
        progress_bar_begin(&progress->bar, xl->err, what);
    return progress;
}

struct progress saved_progress_as(struct saved_progress *progress)
{
    return progress ? progress_bar_as(&progress->bar) : (struct progress){0};
}

void saved_progress_end(struct saved_progress *progress)
{
    if (progress)
        progress_bar_end(&progress->bar);
    worker_shared_free(progress, sizeof(*progress));
}

int saved_config_of_file(struct xl *xl, const char *path, char **text_out,
                         struct error **err_out)
{
    struct vm_config config;
    int rc = config_input_read(xl, path, 0, NULL, &config, err_out);

    if (rc)
        return rc;
    rc = saved_config_text(&config, text_out, err_out);
    vm_config_free(&config);
    return rc;
}

int saved_json(struct xl *xl, const char *path, const char *name, domid_t domid,
               struct error **err_out)
{
    struct json *j = json_new();

    if (!j)
        return out_of_memory(err_out);
    json_object(j, NULL);
    json_text(j, "name", name);
    json_int(j, "domid", domid);
    json_text(j, "file", path);
    json_object_end(j);
    json_finish(j, xl->out);
    return 0;
}
