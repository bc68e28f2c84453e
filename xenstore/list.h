/* SPDX-License-Identifier: MIT */
/* Doubly linked lists with the links inside of the elements. */
#ifndef XENSTORE_LIST_H
#define XENSTORE_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* A head, or the link of an element; an element in no list points to itself. */
struct list {
    struct list *next;
    struct list *prev;
};

#define LIST_INIT(name)                                                        \
    {                                                                          \
        &(name), &(name)                                                       \
    }

#define list_entry(link, type, member)                                         \
    ((type *)((char *)(link)-offsetof(type, member)))

/* The body may remove the element that it is at, and no other. */
#define list_for_each_entry(pos, head, type, member)                           \
    for (struct list *pos##_link = (head)->next, *pos##_next;                  \
         pos##_next = pos##_link->next,                                        \
                     (pos) = list_entry(pos##_link, type, member),             \
                     pos##_link != (head);                                     \
         pos##_link = pos##_next)

static inline void list_init(struct list *l)
{
    l->next = l->prev = l;
}

static inline bool list_empty(const struct list *head)
{
    return head->next == head;
}

static inline void list_add_tail(struct list *head, struct list *l)
{
    l->prev = head->prev;
    l->next = head;
    head->prev->next = l;
    head->prev = l;
}

/* Also where l is in no list. */
static inline void list_del(struct list *l)
{
    l->prev->next = l->next;
    l->next->prev = l->prev;
    list_init(l);
}

#endif
