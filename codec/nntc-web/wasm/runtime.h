/* Memory of the module. */
#ifndef NNTC_WEB_RUNTIME_H
#define NNTC_WEB_RUNTIME_H
#include <stddef.h>

enum { WEB_KEEP = 0, WEB_SCRATCH = 1 }; /* those of nntc.h */

/* Memory that stays as long as the instance; NULL if there is no more. */
void *web_take(size_t bytes);
/* get of an nntc_memory. */
void *web_get(void *context, size_t bytes, int kind);
#endif
