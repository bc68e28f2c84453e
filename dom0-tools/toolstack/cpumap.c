/* SPDX-License-Identifier: MIT */
/* Sets of CPUs; see cpumap.h. */
#include "toolstack/cpumap.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool has(const unsigned char *map, size_t bit)
{
    return map[bit / 8] & (1u << (bit % 8));
}

static void put(unsigned char *map, size_t bit, bool value)
{
    if (value)
        map[bit / 8] |= (unsigned char)(1u << (bit % 8));
    else
        map[bit / 8] &= (unsigned char)~(1u << (bit % 8));
}

/* `N` or `N-M`, up to the end of a part; moves *text behind it. */
static bool range_parse(const char **text, unsigned long *from,
                        unsigned long *to)
{
    char *end;

    if (!isdigit((unsigned char)**text))
        return false;
    *from = *to = strtoul(*text, &end, 10);
    if (*end == '-') {
        if (!isdigit((unsigned char)end[1]))
            return false;
        *to = strtoul(end + 1, &end, 10);
    }
    *text = end;
    return *from <= *to && (*end == ',' || !*end);
}

static bool starts_with(const char **text, const char *word)
{
    size_t len = strlen(word);

    if (strncmp(*text, word, len))
        return false;
    *text += len;
    return true;
}

/* What one part of the list is about. */
struct part {
    bool take_away;
    bool is_all;
    bool of_nodes;
    unsigned long from, to;
};

static bool part_parse(const char **text, struct part *part)
{
    *part = (struct part){0};
    while (isspace((unsigned char)**text))
        ++*text;
    part->take_away = starts_with(text, "^");
    if (starts_with(text, "nodes:") || starts_with(text, "node:")) {
        part->of_nodes = true;
        if (starts_with(text, "^"))
            part->take_away = true;
    }
    if (starts_with(text, "all")) {
        part->is_all = true;
        return **text == ',' || !**text;
    }
    return range_parse(text, &part->from, &part->to);
}

/* Apply one part; says whether it named any CPU there is. */
static bool part_apply(const struct part *part,
                       const struct xen_sysctl_cputopo *topology,
                       size_t nr_cpus, unsigned char *map)
{
    bool found = false;
    size_t cpu;

    for (cpu = 0; cpu < nr_cpus; cpu++) {
        unsigned long id = part->of_nodes ? topology[cpu].node : cpu;

        if (part->is_all || (id >= part->from && id <= part->to)) {
            put(map, cpu, !part->take_away);
            found = true;
        }
    }
    return found && (part->is_all || part->of_nodes || part->to < nr_cpus);
}

int cpumap_parse(const char *text, const struct xen_sysctl_cputopo *topology,
                 size_t nr_cpus, unsigned char *map, struct error **err_out)
{
    const char *p = text;
    struct part part;
    size_t cpu;

    memset(map, 0, (nr_cpus + 7) / 8);
    do {
        if (!part_parse(&p, &part))
            return error_set(err_out, ERROR_USAGE, -EINVAL,
                             "'%s' is no set of CPUs; one is `0-3,5,^2`, `all` "
                             "or `node:0`",
                             text);
        if (!part_apply(&part, topology, nr_cpus, map))
            return error_set(err_out, ERROR_USAGE, -EINVAL,
                             "'%s': the host has CPUs 0 to %zu only", text,
                             nr_cpus - 1);
    } while (*p++ == ',');
    for (cpu = 0; cpu < nr_cpus; cpu++)
        if (has(map, cpu))
            return 0;
    return error_set(err_out, ERROR_USAGE, -EINVAL, "'%s': no CPU is left",
                     text);
}

void cpumap_print(FILE *out, const unsigned char *map, size_t nr)
{
    size_t first, last, count = 0, bit;
    const char *comma = "";

    for (bit = 0; bit < nr; bit++)
        count += has(map, bit);
    if (count == 0 || count == nr) {
        fputs(count ? "all" : "none", out);
        return;
    }
    for (first = 0; first < nr; first = last + 1) {
        last = first;
        if (!has(map, first))
            continue;
        while (last + 1 < nr && has(map, last + 1))
            last++;
        fprintf(out, "%s%zu", comma, first);
        if (last > first)
            fprintf(out, "-%zu", last);
        comma = ",";
    }
}
