/* Where a run stops: environment variables STOP_AT (number of the call, from 1) and STOP_HOW (kill or fail). With the
 * latter exactly one call fails. Exit code 99 of a command in a test says that there were fewer calls. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int stop_here(void);

static long calls, at;
static int fails;

static void fewer(void) {
    if (at > calls) _exit(99);
}

int stop_here(void) {
    if (calls++ == 0) {
        const char *number = getenv("STOP_AT"), *how = getenv("STOP_HOW");
        at = number == NULL ? 0 : strtol(number, NULL, 10);
        fails = how != NULL && strcmp(how, "fail") == 0;
        atexit(fewer);
    }
    if (calls != at) return 0;
    if (!fails) raise(SIGKILL);
    errno = EIO;
    return 1;
}
