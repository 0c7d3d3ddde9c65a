/* The files that programs here go through: a list with a line for each, its path and those of the files of its base. */
#ifndef CASES_H
#define CASES_H

#include "guarded.h"

typedef struct given { /* a base file as a source, which counts in the store of the file that is decoded */
    guarded file;
    store *counts;
} given;

typedef struct one_case {
    FILE *list;
    char *name;
    guarded file;
    uint32_t count, room;
    given *bases;
    nntc_base *sources;
    char *line;
    size_t length;
} one_case;

static inline int read_base(void *context, uint64_t offset, void *dst, size_t length) {
    const given *g = context;
    if (offset > g->file.size || length > g->file.size - offset) abort();
    if (++g->counts->calls == g->counts->refused) return 1;
    memcpy(dst, g->file.at + offset, length);
    return 0;
}

static inline one_case open_cases(const char *list) {
    one_case c;
    memset(&c, 0, sizeof c);
    c.list = fopen(list, "r");
    if (c.list == NULL) abort();
    return c;
}

static inline void drop_case(one_case *c) {
    drop(&c->file);
    while (c->count > 0) drop(&c->bases[--c->count].file);
}

/* The next file and its base, each flush with the page before it or with the one after. */
static inline void load_case(one_case *c, int before) {
    char *rest = NULL, *copy = malloc(c->length + 1), *word;
    drop_case(c);
    if (copy == NULL) abort();
    memcpy(copy, c->line, c->length + 1);
    c->file = load(strtok_r(copy, " \n", &rest), before);
    while ((word = strtok_r(NULL, " \n", &rest)) != NULL) {
        if (c->count == c->room) {
            c->room = 2 * c->room + 8;
            c->bases = realloc(c->bases, c->room * sizeof *c->bases);
            c->sources = realloc(c->sources, c->room * sizeof *c->sources);
            if (c->bases == NULL || c->sources == NULL) abort();
        }
        c->bases[c->count++].file = load(word, before);
    }
    free(copy);
}

static inline int next_case(one_case *c) {
    size_t room = 0;
    free(c->line);
    free(c->name);
    c->line = c->name = NULL;
    if (getline(&c->line, &room, c->list) <= 0) return 0;
    c->length = strlen(c->line);
    c->name = strdup(c->line);
    if (c->name == NULL) abort();
    c->name[strcspn(c->name, " \n")] = 0;
    load_case(c, 0);
    return 1;
}

/* Gives the base to whoever decodes, in the order opposite to that of the list. */
static inline void give(one_case *c, nntc_limits *limits, int is_span, store *counts) {
    for (uint32_t i = 0; i < c->count; i++) {
        given *g = &c->bases[c->count - 1 - i];
        nntc_base b = {{is_span ? g->file.at : NULL, is_span ? NULL : read_base, g, g->file.size}, NULL};
        g->counts = counts;
        c->sources[i] = b;
    }
    limits->base = c->sources;
    limits->base_count = c->count;
}

#endif
