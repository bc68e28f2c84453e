/* SPDX-License-Identifier: MIT */
/* Specifications of network interfaces; see device_config.h. */
#include "toolstack/device_config_internal.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define RATE_INTERVAL_US 50000 /* where none is given */

/* The first half of all addresses that a toolstack makes up. */
static const uint8_t vendor[3] = {0x00, 0x16, 0x3e};

/* One reading: what is wanted of keys that depend on others. */
struct reading {
    struct vif_config *v;
    bool has_mac;
};

static int mac_set(struct reading *r, const char *text, struct error **err_out)
{
    unsigned int b[6], i;
    int used = 0;

    if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3],
               &b[4], &b[5], &used) != 6 ||
        text[used])
        return spec_wrong(err_out, "a MAC address is six pairs of digits, not ",
                          text);
    if (b[0] & 1)
        return spec_wrong(err_out, "this MAC address is a group's: ", text);
    for (i = 0; i < 6; i++)
        r->v->mac[i] = (uint8_t)b[i];
    r->has_mac = true;
    return 0;
}

/* A name that an interface can have. */
static int interface_name(char **to, const char *text, struct error **err_out)
{
    if (!*text || strlen(text) > 15 || strpbrk(text, "/ \t") || *text == '.')
        return spec_wrong(err_out, "no interface can be called ", text);
    return spec_keep(to, text, err_out);
}

static int bridge_set(struct reading *r, const char *text,
                      struct error **err_out)
{
    return interface_name(&r->v->bridge, text, err_out);
}

static int gateway_set(struct reading *r, const char *text,
                       struct error **err_out)
{
    return interface_name(&r->v->gateway, text, err_out);
}

static int vifname_set(struct reading *r, const char *text,
                       struct error **err_out)
{
    return interface_name(&r->v->name, text, err_out);
}

static int ip_set(struct reading *r, const char *text, struct error **err_out)
{
    return spec_keep(&r->v->ip, text, err_out);
}

static int backend_set(struct reading *r, const char *text,
                       struct error **err_out)
{
    return spec_keep(&r->v->backend, text, err_out);
}

/* A decimal number to the end of the text, from `low` to `high`. */
static int number_set(const char *what, const char *text, long low, long high,
                      long *to, struct error **err_out)
{
    char *end;
    long number;

    errno = 0;
    number = strtol(text, &end, 10);
    if (end == text || *end || errno || number < low || number > high)
        return error_set(err_out, ERROR_CONFIG, -EINVAL,
                         "%s is from %ld to %ld, not '%s'", what, low, high,
                         text);
    *to = number;
    return 0;
}

static int mtu_set(struct reading *r, const char *text, struct error **err_out)
{
    return number_set("mtu", text, 68, 65535, &r->v->mtu, err_out);
}

static int devid_set(struct reading *r, const char *text,
                     struct error **err_out)
{
    return number_set("devid", text, 0, 65535, &r->v->devid, err_out);
}

/* What the stock scripts of these names do, is done here without them. */
static int script_set(struct reading *r, const char *text,
                      struct error **err_out)
{
    static const struct {
        const char *name;
        enum vif_kind kind;
    } rows[] = {
        {"vif-bridge", VIF_DEFAULT},
        {"vif-nat", VIF_NAT},
        {"vif-route", VIF_ROUTE},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (!strcmp(rows[i].name, text)) {
            r->v->kind = rows[i].kind;
            return 0;
        }
    r->v->kind = VIF_SCRIPT;
    return spec_keep_script(&r->v->script, text, err_out);
}

static int type_set(struct reading *r, const char *text, struct error **err_out)
{
    (void)r;
    return strcmp(text, "vif")
               ? spec_wrong(err_out, "a PV guest's type is vif, not ", text)
               : 0;
}

static int model_set(struct reading *r, const char *text,
                     struct error **err_out)
{
    (void)r;
    return spec_wrong(err_out, "a PV guest's interface has no model: ", text);
}

/* Who serves it. */
static int backendtype_set(struct reading *r, const char *text,
                           struct error **err_out)
{
    r->v->daemon = !strcmp(text, "qnic");
    return r->v->daemon || !strcmp(text, "vif")
               ? 0
               : spec_wrong(err_out, "backendtype is vif or qnic, not ", text);
}

static int antispoof_set(struct reading *r, const char *text,
                         struct error **err_out)
{
    r->v->antispoof = !strcmp(text, "1");
    return r->v->antispoof || !strcmp(text, "0")
               ? 0
               : spec_wrong(err_out, "antispoof is 0 or 1, not ", text);
}

/* Rates. */

/* `10Mb`, `250KB`: moves *text behind it; false if it is none. */
static bool amount_parse(const char **text, uint64_t *bytes_out)
{
    uint64_t factor = 1;
    char *end;
    unsigned long long number;

    if (!isdigit((unsigned char)**text))
        return false;
    errno = 0;
    number = strtoull(*text, &end, 10);
    if (*end == 'G')
        factor = 1000000000;
    else if (*end == 'M')
        factor = 1000000;
    else if (*end == 'K')
        factor = 1000;
    end += factor != 1;
    if (errno || number == 0 || number > UINT64_MAX / factor ||
        (*end != 'b' && *end != 'B'))
        return false;
    *bytes_out = *end == 'b' ? number * factor / 8 : number * factor;
    *text = end + 1;
    return *bytes_out > 0;
}

/* `20ms`, to the end of the text. */
static bool interval_parse(const char *text, uint32_t *us_out)
{
    static const struct {
        const char *name;
        uint64_t us;
    } units[] = {{"us", 1}, {"ms", 1000}, {"s", 1000000}};
    unsigned long long number;
    char *end;
    size_t i;

    if (!isdigit((unsigned char)*text))
        return false;
    errno = 0;
    number = strtoull(text, &end, 10);
    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (!strcmp(end, units[i].name) && !errno && number > 0 &&
            number <= UINT32_MAX / units[i].us) {
            *us_out = (uint32_t)(number * units[i].us);
            return true;
        }
    return false;
}

/* `10Mb/s`, `1MB/s@20ms`: bytes a second. */
static bool rate_parse(const char *text, uint64_t *bytes_out,
                       uint32_t *interval_out)
{
    *interval_out = RATE_INTERVAL_US;
    if (!amount_parse(&text, bytes_out) || strncmp(text, "/s", 2))
        return false;
    text += 2;
    return !*text || (*text == '@' && interval_parse(text + 1, interval_out));
}

static int rate_set(struct reading *r, const char *text, struct error **err_out)
{
    struct vif_config *v = r->v;
    uint64_t bytes;

    if (!rate_parse(text, &bytes, &v->rate_interval_us) ||
        bytes > UINT64_MAX / v->rate_interval_us)
        return spec_wrong(err_out,
                          "a rate is like 10Mb/s, 250KB/s or 1MB/s@20ms, not ",
                          text);
    v->rate_bytes = bytes * v->rate_interval_us / 1000000;
    return v->rate_bytes
               ? 0
               : spec_wrong(err_out,
                            "less than a byte in its interval: ", text);
}

static int rate_in_set(struct reading *r, const char *text,
                       struct error **err_out)
{
    uint32_t interval;

    if (!rate_parse(text, &r->v->rate_in, &interval) || strchr(text, '@') ||
        r->v->rate_in > INT_MAX)
        return spec_wrong(err_out,
                          "this rate is like 10Mb/s or 250KB/s, below 2GB/s, "
                          "not ",
                          text);
    return 0;
}

/* Keys. */

static const struct {
    const char *name;
    int (*set)(struct reading *r, const char *text, struct error **err_out);
} vif_keys[] = {
    {"mac", mac_set},
    {"bridge", bridge_set},
    {"ip", ip_set},
    {"vifname", vifname_set},
    {"mtu", mtu_set},
    {"script", script_set},
    {"type", type_set},
    {"gatewaydev", gateway_set},
    {"netdev", gateway_set},
    {"devid", devid_set},
    {"rate", rate_set},
    {"rate-in", rate_in_set},
    {"backend", backend_set},
    {"model", model_set},
    {"backendtype", backendtype_set},
    {"antispoof", antispoof_set},
};
#define NR_VIF_KEYS (sizeof(vif_keys) / sizeof(vif_keys[0]))

static int vif_part(void *reading, char *part, struct error **err_out)
{
    struct reading *r = reading;
    char *value;
    size_t i;

    if (!strcmp(part, "trusted") || !strcmp(part, "untrusted")) {
        r->v->untrusted = *part == 'u';
        return 0;
    }
    value = spec_value(part, err_out);
    if (!value)
        return -EINVAL;
    for (i = 0; i < NR_VIF_KEYS; i++)
        if (!strcmp(vif_keys[i].name, part))
            return vif_keys[i].set(r, value, err_out);
    return spec_unknown_key(part, vif_keys, NR_VIF_KEYS, sizeof(vif_keys[0]),
                            err_out);
}

static bool is_address(const char *text)
{
    unsigned char bytes[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, text, bytes) == 1 ||
           inet_pton(AF_INET6, text, bytes) == 1;
}

/* Routes lead to addresses. */
static int addresses_check(const char *list, struct error **err_out)
{
    char *copy = strdup(list), *rest, *word;
    int rc = 0;

    if (!copy)
        return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    for (word = strtok_r(copy, " ", &rest); word && !rc;
         word = strtok_r(NULL, " ", &rest))
        if (!is_address(word))
            rc = spec_wrong(err_out, "ip: no address is ", word);
    free(copy);
    return rc;
}

/* The daemon sets its interfaces up by itself, those of this host. */
static int daemon_check(const struct vif_config *v, struct error **err_out)
{
    if (v->daemon && (v->kind == VIF_SCRIPT || v->backend))
        return error_set(err_out, ERROR_CONFIG, -EINVAL,
                         "with %s, backendtype is vif",
                         v->backend ? "backend=" : "a script");
    if (v->antispoof && !v->daemon)
        return error_set(err_out, ERROR_CONFIG, -EINVAL,
                         "antispoof= wants backendtype=qnic");
    return v->antispoof && v->ip ? addresses_check(v->ip, err_out) : 0;
}

/* What keys mean together. */
static int vif_complete(struct reading *r, struct error **err_out)
{
    struct vif_config *v = r->v;

    if (v->kind == VIF_DEFAULT && v->bridge)
        v->kind = VIF_BRIDGE;
    if (v->kind == VIF_DEFAULT && v->gateway)
        v->kind = VIF_ROUTE;
    if (v->kind == VIF_ROUTE && !v->ip)
        return error_set(err_out, ERROR_CONFIG, -EINVAL,
                         "a routed interface wants ip=, the guest's address");
    if (!r->has_mac) {
        memcpy(v->mac, vendor, sizeof(vendor));
        if (getrandom(v->mac + 3, 3, 0) != 3)
            return error_set(err_out, ERROR_INTERNAL, -EIO,
                             "no random numbers");
        v->mac[3] &= 0x7f;
    }
    if (daemon_check(v, err_out))
        return -EINVAL;
    return v->kind == VIF_ROUTE ? addresses_check(v->ip, err_out) : 0;
}

int vif_config_parse(const char *text, struct vif_config *vif,
                     struct error **err_out)
{
    struct vif_config v = {.mtu = -1, .devid = -1};
    struct reading r = {.v = &v};
    int rc = spec_parts(text, vif_part, &r, err_out);

    if (!rc)
        rc = vif_complete(&r, err_out);
    if (rc)
        vif_config_free(&v);
    else
        *vif = v;
    return rc;
}

void vif_config_free(struct vif_config *vif)
{
    free(vif->bridge);
    free(vif->ip);
    free(vif->name);
    free(vif->script);
    free(vif->gateway);
    free(vif->backend);
    *vif = (struct vif_config){0};
}

void vif_mac_text(const struct vif_config *vif, char *text)
{
    const uint8_t *m = vif->mac;

    snprintf(text, MAC_TEXT_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1],
             m[2], m[3], m[4], m[5]);
}

const char *vif_script_name(const struct vif_config *vif)
{
    switch (vif->kind) {
    case VIF_NAT:
        return "vif-nat";
    case VIF_ROUTE:
        return "vif-route";
    case VIF_SCRIPT:
        return vif->script;
    default:
        return NULL;
    }
}

static void text_put(FILE *out, const char *key, const char *value)
{
    if (value)
        fprintf(out, ",%s=%s", key, value);
}

static void numbers_put(FILE *out, const struct vif_config *vif)
{
    if (vif->mtu >= 0)
        fprintf(out, ",mtu=%ld", vif->mtu);
    if (vif->devid >= 0)
        fprintf(out, ",devid=%ld", vif->devid);
    if (vif->rate_bytes)
        fprintf(out, ",rate=%lluB/s@%uus",
                (unsigned long long)(vif->rate_bytes * 1000000 /
                                     vif->rate_interval_us),
                vif->rate_interval_us);
    if (vif->rate_in)
        fprintf(out, ",rate-in=%lluB/s", (unsigned long long)vif->rate_in);
}

char *vif_config_text(const struct vif_config *vif)
{
    char *text = NULL, mac[MAC_TEXT_SIZE];
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    vif_mac_text(vif, mac);
    fprintf(out, "mac=%s", mac);
    text_put(out, "bridge", vif->bridge);
    text_put(out, "ip", vif->ip);
    text_put(out, "vifname", vif->name);
    text_put(out, "script", vif_script_name(vif));
    text_put(out, "gatewaydev", vif->gateway);
    text_put(out, "backend", vif->backend);
    numbers_put(out, vif);
    fputs(vif->daemon ? ",backendtype=qnic" : "", out);
    fputs(vif->antispoof ? ",antispoof=1" : "", out);
    fputs(vif->untrusted ? ",untrusted" : "", out);
    if (fclose(out)) {
        free(text);
        return NULL;
    }
    return text;
}
