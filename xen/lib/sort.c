/* SPDX-License-Identifier: MIT */
/* Heapsort: the largest element is taken from the top of a heap. */
#include "xen/sort.h"

struct sorted {
    char *base;
    size_t size;
    int (*compare)(const void *a, const void *b);
};

static void *element(const struct sorted *s, size_t i)
{
    return s->base + i * s->size;
}

static void exchange(const struct sorted *s, size_t i, size_t j)
{
    char *a = element(s, i), *b = element(s, j);

    for (size_t n = 0; n < s->size; n++) {
        char tmp = a[n];

        a[n] = b[n];
        b[n] = tmp;
    }
}

/* Move element i down until no child of it is larger. */
static void sift_down(const struct sorted *s, size_t i, size_t nr)
{
    size_t child;

    while ((child = 2 * i + 1) < nr) {
        if (child + 1 < nr &&
            s->compare(element(s, child), element(s, child + 1)) < 0)
            child++;
        if (s->compare(element(s, i), element(s, child)) >= 0)
            return;
        exchange(s, i, child);
        i = child;
    }
}

void sort(void *base, size_t nr, size_t size,
          int (*compare)(const void *a, const void *b))
{
    const struct sorted s = {base, size, compare};
    size_t i;

    for (i = nr / 2; i-- > 0;)
        sift_down(&s, i, nr);
    for (i = nr; i-- > 1;) {
        exchange(&s, 0, i);
        sift_down(&s, 0, i);
    }
}
