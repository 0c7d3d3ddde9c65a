/* Clause 12: names and texts of errors; the arena of nntc.h. */
#include "internal.h"

const char *nntc_error_name(nntc_id id) {
    static const char *const names[] = {"OK",
#define NNTC_NAME(name, text) #name,
        NNTC_ERRORS(NNTC_NAME)
#undef NNTC_NAME
    };
    return id < NNTC_IDS ? names[id] : "?";
}

const char *nntc_error_text(nntc_id id) {
    static const char *const texts[] = {"no error",
#define NNTC_TEXT(name, text) text,
        NNTC_ERRORS(NNTC_TEXT)
#undef NNTC_TEXT
    };
    return id < NNTC_IDS ? texts[id] : "?";
}

int nntc_error_unsupported(nntc_id id) { return id == NNTC_E_VERSION || id == NNTC_E_UNSUPPORTED; }

void nntc_arena_init(nntc_arena *arena, void *block, size_t size) {
    size_t skip = (size_t)(-(uintptr_t)block & 15);
    arena->base = (unsigned char *)block + (skip < size ? skip : size);
    arena->size = skip < size ? size - skip : 0;
    arena->used = arena->most = 0;
}

static void *arena_get(void *context, size_t bytes, int kind) {
    nntc_arena *arena = context;
    if (bytes > arena->size - arena->used) return NULL;
    unsigned char *block = arena->base + arena->used;
    if (arena->used + bytes > arena->most) arena->most = arena->used + bytes;
    if (kind == NNTC_KEEP) {
        size_t rounded = (bytes + 15) & ~(size_t)15;
        arena->used = rounded < arena->size - arena->used ? arena->used + rounded : arena->size;
    }
    return block;
}

nntc_memory nntc_arena_memory(nntc_arena *arena) {
    nntc_memory memory = {arena_get, arena};
    return memory;
}
