/* SPDX-License-Identifier: MIT */
/* Distances between names; see suggest.h. */
#include "toolstack/suggest.h"

#include <string.h>

#define MAX_LEN 40

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

/*
 * Letters to put in, take out, change or swap with the next one (the optimal
 * string alignment distance), for names of up to MAX_LEN letters.
 */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t d[3][MAX_LEN + 1], i, j;

    for (j = 0; j <= b_len; j++)
        d[0][j] = j;
    for (i = 1; i <= a_len; i++) {
        size_t *row = d[i % 3], *above = d[(i + 2) % 3];
        size_t *two_above = d[(i + 1) % 3];

        row[0] = i;
        for (j = 1; j <= b_len; j++) {
            size_t change = a[i - 1] != b[j - 1];

            row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + change);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
                a[i - 2] == b[j - 1] && two_above[j - 2] + 1 < row[j])
                row[j] = two_above[j - 2] + 1;
        }
    }
    return d[a_len % 3][b_len];
}

void suggest(const char *written, const char *known, const char **near_inout,
             size_t *distance_inout)
{
    size_t written_len = strlen(written), known_len = strlen(known), found;
    size_t most = known_len < 6 ? 1 : 2;

    if (written_len > MAX_LEN || known_len > MAX_LEN)
        return;
    found = distance(written, written_len, known, known_len);
    if (found <= most && (!*near_inout || found < *distance_inout)) {
        *near_inout = known;
        *distance_inout = found;
    }
}
