/* SPDX-License-Identifier: MIT */
/* Nodes of a device; see store.h. */
#include "pv/store.h"

/* More than this is no longer bad luck. */
#define MAX_TRIES 100

int store_read(const char *path, const char *name, char *value, size_t size)
{
    char node[PV_PATH_MAX];

    if (!text_format(node, sizeof(node), "%s/%s", path, name))
        return -XEN_ENAMETOOLONG;
    return os_store_read(OS_STORE_NONE, node, value, size);
}

int store_read_u64(const char *path, const char *name, uint64_t *out)
{
    char value[24];
    int rc = store_read(path, name, value, sizeof(value));

    return rc ? rc : text_to_u64(value, out);
}

int store_read_u32(const char *path, const char *name, uint32_t *out)
{
    uint64_t value;
    int rc = store_read_u64(path, name, &value);

    if (!rc && value > UINT32_MAX)
        rc = -XEN_ERANGE;
    if (!rc)
        *out = (uint32_t)value;
    return rc;
}

uint64_t store_read_or(const char *path, const char *name, uint64_t otherwise)
{
    uint64_t value;

    return store_read_u64(path, name, &value) ? otherwise : value;
}

int store_write(uint32_t transaction, const char *path, const char *name,
                const char *value)
{
    char node[PV_PATH_MAX];

    if (!text_format(node, sizeof(node), "%s/%s", path, name))
        return -XEN_ENAMETOOLONG;
    return os_store_write(transaction, node, value);
}

int store_write_u64(uint32_t transaction, const char *path, const char *name,
                    uint64_t value)
{
    char text[24];

    text_format(text, sizeof(text), "%lu", value);
    return store_write(transaction, path, name, text);
}

int store_write_numbers(uint32_t transaction, const char *path,
                        const struct store_number numbers[], size_t nr)
{
    int rc = 0;

    for (size_t i = 0; !rc && i < nr; i++)
        rc = store_write_u64(transaction, path, numbers[i].name,
                             numbers[i].value);
    return rc;
}

int store_transact(int (*write)(void *arg, uint32_t transaction), void *arg)
{
    for (unsigned int i = 0; i < MAX_TRIES; i++) {
        uint32_t transaction;
        int rc = os_store_begin(&transaction), end;

        if (rc)
            return rc;
        rc = write(arg, transaction);
        end = os_store_end(transaction, rc != 0);
        if (rc)
            return rc;
        if (end != -XEN_EAGAIN)
            return end;
    }
    return -XEN_EAGAIN;
}
