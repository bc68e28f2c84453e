/* SPDX-License-Identifier: MIT */
/* Changes of the store as values. No I/O. */
#include "change.h"

#include <stdlib.h>
#include <string.h>

#include "wire.h"

/* How a list has them; then follow path with NUL, and data. */
struct head {
    uint8_t type;
    uint8_t pad;
    uint16_t domid;
    uint16_t path_len; /* without the NUL */
    uint16_t len;
};

void change_add(struct buf *list, const struct change *c)
{
    struct head h = {
        .type = c->type,
        .domid = c->domid,
        .path_len = strlen(c->path),
        .len = c->len,
    };
    char *to = buf_reserve(list, sizeof(h) + h.path_len + 1 + h.len);

    memcpy(to, &h, sizeof(h));
    memcpy(to + sizeof(h), c->path, h.path_len + 1);
    if (h.len)
        memcpy(to + sizeof(h) + h.path_len + 1, c->data, h.len);
    list->len += sizeof(h) + h.path_len + 1 + h.len;
}

size_t change_read(const char *at, size_t len, struct change *out)
{
    struct head h;
    size_t size;

    if (len < sizeof(h))
        return 0;
    memcpy(&h, at, sizeof(h));
    size = sizeof(h) + h.path_len + 1UL + h.len;
    if (len < size || h.path_len < 1 || h.path_len >= PATH_ROOM ||
        at[sizeof(h)] != '/' ||
        strnlen(at + sizeof(h), h.path_len + 1) != h.path_len)
        return 0;
    if (h.type < CHANGE_WRITE || h.type > CHANGE_PERMS ||
        (h.type == CHANGE_RM && h.path_len == 1) ||
        (h.type == CHANGE_PERMS && (!h.len || h.len % sizeof(struct perm))))
        return 0;
    *out = (struct change){
        .type = h.type,
        .domid = h.domid,
        .path = at + sizeof(h),
        .data = at + sizeof(h) + h.path_len + 1,
        .len = h.len,
    };
    return size;
}

static void apply_perms(struct node **root, const struct change *c,
                        const struct charge *charge)
{
    struct perm *perm = xmemdup(c->data, c->len);

    store_set_perms(root, c->path, perms_intern(perm, c->len / sizeof(*perm)),
                    charge);
    free(perm);
}

void change_apply(struct node **root, const struct change *c,
                  const struct charge *charge)
{
    switch (c->type) {
    case CHANGE_WRITE:
        store_write(root, c->path, c->domid, c->data, c->len, charge);
        break;
    case CHANGE_MKDIR:
        store_create(root, c->path, c->domid, charge);
        break;
    case CHANGE_RM:
        if (store_find(*root, c->path))
            store_remove(root, c->path, charge);
        break;
    case CHANGE_PERMS:
        if (store_find(*root, c->path))
            apply_perms(root, c, charge);
        break;
    }
}
