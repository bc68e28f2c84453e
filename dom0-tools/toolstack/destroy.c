/* SPDX-License-Identifier: MIT */
/* Destroying domains; see destroy.h. */
#include "toolstack/destroy.h"

#include "lib/domctl.h"
#include "toolstack/device.h"
#include "toolstack/domain.h"
#include "toolstack/saved_config.h"
#include "toolstack/store_tree.h"
#include "toolstack/watch_record.h"

int destroy_run(struct privcmd *p, struct store *s, domid_t domid,
                struct error **err_out)
{
    struct xen_domctl_getdomaininfo info;
    char uuid[UUID_TEXT_SIZE];
    int rc = domctl_info(p, domid, &info, err_out), first;

    if (rc)
        return rc;
    domain_uuid_text(info.handle, uuid);
    /* It does no more I/O while its devices go; who fails here fails below. */
    domctl_pause(p, domid, NULL);
    first = device_end_all(s, domid, err_out);
    /* While the backends end: its memory takes as long. What they have of that
     * is theirs until they give it back. */
    rc = domctl_destroy(p, domid, first ? NULL : err_out);
    first = first ? first : rc;
    saved_config_remove(domid, uuid);
    watch_record_remove(domid, info.handle);
    rc = device_remove_all(s, domid, first ? NULL : err_out);
    first = first ? first : rc;
    rc = channels_end(s, domid, first ? NULL : err_out);
    first = first ? first : rc;
    rc = store_tree_remove(s, domid, uuid, first ? NULL : err_out);
    return first ? first : rc;
}
