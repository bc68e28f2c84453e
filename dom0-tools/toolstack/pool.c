/* SPDX-License-Identifier: MIT */
/* Names of CPU pools; see pool.h. */
#include "toolstack/pool.h"

#include <errno.h>
#include <stdio.h>

int pool_name(struct store *s, unsigned int id, char **name_out,
              struct error **err_out)
{
    int rc = store_read(s, name_out, err_out, "/local/pool/%u/name", id);

    if (!rc && !*name_out && asprintf(name_out, "Pool-%u", id) < 0)
        rc = error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    return rc;
}
