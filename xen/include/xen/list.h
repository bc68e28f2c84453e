/* SPDX-License-Identifier: MIT */
/* Doubly linked circular lists whose links lie inside the elements. */
#ifndef XEN_LIST_H
#define XEN_LIST_H

#include "xen/compiler.h"
#include "xen/types.h"

struct list_head {
    struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(name)                                                   \
    {                                                                          \
        &(name), &(name)                                                       \
    }
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)

static inline void list_init(struct list_head *head)
{
    head->next = head;
    head->prev = head;
}

static inline bool list_empty(const struct list_head *head)
{
    return head->next == head;
}

static inline void list_insert(struct list_head *entry, struct list_head *prev,
                               struct list_head *next)
{
    entry->next = next;
    entry->prev = prev;
    prev->next = entry;
    next->prev = entry;
}

/** Insert at the front. */
static inline void list_add(struct list_head *entry, struct list_head *head)
{
    list_insert(entry, head, head->next);
}

/** Insert at the end; before `head` where that is an element. */
static inline void list_add_tail(struct list_head *entry,
                                 struct list_head *head)
{
    list_insert(entry, head->prev, head);
}

/** Remove, and leave the element an empty list: removing twice is harmless. */
static inline void list_del(struct list_head *entry)
{
    entry->prev->next = entry->next;
    entry->next->prev = entry->prev;
    list_init(entry);
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)

#define list_first_entry(head, type, member)                                   \
    list_entry((head)->next, type, member)

#define list_for_each_entry(pos, head, member)                                 \
    for (pos = list_entry((head)->next, __typeof__(*pos), member);             \
         &pos->member != (head);                                               \
         pos = list_entry(pos->member.next, __typeof__(*pos), member))

/* As above, and pos may be removed inside the loop. */
#define list_for_each_entry_safe(pos, n, head, member)                         \
    for (pos = list_entry((head)->next, __typeof__(*pos), member),             \
        n = list_entry(pos->member.next, __typeof__(*pos), member);            \
         &pos->member != (head);                                               \
         pos = n, n = list_entry(n->member.next, __typeof__(*n), member))

#endif
