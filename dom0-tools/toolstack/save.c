/* SPDX-License-Identifier: MIT */
/* Saving guests; see save.h. */
#include "toolstack/save.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/domctl.h"
#include "stream/file.h"
#include "toolstack/destroy.h"
#include "toolstack/domain.h"
#include "toolstack/saved_config.h"
#include "toolstack/suspend.h"

/* A number in the domain's part of the store; left where there is none. */
static int kib_read(struct store *s, domid_t domid, const char *node,
                    uint64_t *kib, struct error **err_out)
{
    char *text, *end;
    unsigned long long value;
    int rc = store_read(s, &text, err_out, "/local/domain/%u/%s", domid, node);

    if (rc || !text)
        return rc;
    value = strtoull(text, &end, 10);
    if (end != text && !*end && value)
        *kib = value;
    free(text);
    return 0;
}

/* What may have changed since the text was made. */
static int text_update(struct privcmd *p, struct store *s,
                       const struct save_request *request, const char *text,
                       char **text_out, struct error **err_out)
{
    struct saved_config_now now = {.domid = request->keep_domid ? request->domid
                                                                : -1};
    struct xen_domctl_getdomaininfo info;
    char *name = NULL;
    int rc = domctl_info(p, request->domid, &info, err_out);

    if (rc)
        return rc;
    now.memory_kib = now.max_memory_kib = info.tot_pages * 4;
    rc = kib_read(s, request->domid, "memory/target", &now.memory_kib, err_out);
    if (!rc)
        rc = kib_read(s, request->domid, "memory/static-max",
                      &now.max_memory_kib, err_out);
    if (!rc)
        rc = store_read(s, &name, err_out, "/local/domain/%u/name",
                        request->domid);
    if (!rc && !name)
        rc = error_set(err_out, ERROR_STORE, -ENOENT, "it has no name");
    now.name = name;
    if (!rc)
        rc = saved_config_edit(text, &now, text_out, err_out);
    free(name);
    return rc;
}

/* Whoever made the guest may have said that it stays here. */
static int may_leave(const char *kept, struct error **err_out)
{
    bool stays;
    int rc = saved_config_stays(kept, &stays, err_out);

    if (rc || !stays)
        return rc;
    error_set(err_out, ERROR_CONFIG, -EPERM,
              "it may be neither saved nor migrated (nomigrate=1)");
    error_hint(err_out, "change that by `xl config-update`");
    return -EPERM;
}

int save_config(struct privcmd *p, struct store *s,
                const struct save_request *request, char **text_out,
                struct error **err_out)
{
    struct xen_domctl_getdomaininfo info;
    char uuid[UUID_TEXT_SIZE], *kept = NULL;
    int rc = domctl_info(p, request->domid, &info, err_out);

    if (rc)
        return rc;
    domain_uuid_text(info.handle, uuid);
    rc = saved_config_read(request->domid, uuid, &kept, err_out);
    if (!rc && kept)
        rc = may_leave(kept, err_out);
    if (!rc && !request->config && !kept) {
        rc = error_set(err_out, ERROR_CONFIG, -ENOENT,
                       "its configuration is not known");
        error_hint(err_out, "name its configuration file, too");
    }
    if (!rc)
        rc =
            text_update(p, s, request, request->config ? request->config : kept,
                        text_out, err_out);
    free(kept);
    return rc;
}

int save_undo(struct privcmd *p, struct store *s, domid_t domid, int rc,
              struct error **err_out)
{
    const struct cancel *cancel = store_set_cancel(s, NULL);
    struct error *second = NULL;
    char *text;

    if (suspend_cancel(p, s, domid, false, &second)) {
        text = error_text(second);
        error_wrap(err_out,
                   "the guest is left suspended, since it could not "
                   "be resumed (%s)",
                   text ? text : "out of memory");
        free(text);
        error_free(second);
    }
    store_set_cancel(s, cancel);
    return rc;
}

static int guest_write(struct privcmd *p, const struct save_request *request,
                       const char *config, struct stream *out,
                       struct error **err_out)
{
    int rc = file_head_write(out, config, err_out);

    if (!rc)
        rc = file_domain_write(p, request->domid, out, err_out);
    if (!rc && request->settle)
        rc = request->settle(request->settle_ctx, err_out);
    return rc;
}

int save_run(struct privcmd *p, struct store *s,
             const struct save_request *request, struct stream *out,
             struct error **err_out)
{
    char *config = NULL;
    int rc = save_config(p, s, request, &config, err_out);

    if (!rc)
        rc = suspend_run(p, s, request->domid, err_out);
    if (rc) {
        free(config);
        return rc;
    }
    rc = guest_write(p, request, config, out, err_out);
    free(config);
    if (rc)
        return save_undo(p, s, request->domid, rc, err_out);
    if (request->then == SAVE_DESTROY)
        return destroy_run(p, s, request->domid, err_out);
    return suspend_cancel(p, s, request->domid, request->then == SAVE_PAUSE,
                          err_out);
}
