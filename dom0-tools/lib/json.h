/* SPDX-License-Identifier: MIT */
/* Writing JSON: a thin layer over yajl that takes names and values together. */
#ifndef LIB_JSON_H
#define LIB_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json;
struct yajl_val_s; /* yajl_val: a value that has been read */

/* Start a document, or NULL if there is no memory. */
struct json *json_new(void);

/* Write the document, indented, with a final newline, and free it; without an
 * out free it only. */
void json_finish(struct json *j, FILE *out);

/* Key of the next value in an object; NULL in an array: no key. */
void json_object(struct json *j, const char *key);
void json_object_end(struct json *j);
void json_array(struct json *j, const char *key);
void json_array_end(struct json *j);
void json_int(struct json *j, const char *key, int64_t value);
void json_bool(struct json *j, const char *key, bool value);
void json_null(struct json *j, const char *key);

/* A number with `digits` digits behind the point. */
void json_real(struct json *j, const char *key, double value, int digits);

/* Text; bytes that are no UTF-8 become '?'; NULL becomes null. */
void json_text(struct json *j, const char *key, const char *text);

/* A value that has been read, with all that is in it; of bounded depth. */
void json_copy(struct json *j, const char *key, struct yajl_val_s *value);

#endif
