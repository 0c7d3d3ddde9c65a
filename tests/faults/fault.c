/* Makes one call of the system fail, or ends or interrupts the process there. Preloaded into a Python process, which
 * says which call by fault_arm; calls on descriptors 0 to 2 are left alone: results and errors are written there. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long calls;
static long at; /* 0: not armed */
static int action; /* an error number, or a signal as a negative number */

void fault_arm(long number, int what) {
    calls = 0;
    action = what;
    at = number;
}

long fault_calls(void) { return calls; }

static int stop_here(void) {
    if (at == 0 || atomic_fetch_add(&calls, 1) + 1 != at) return 0;
    if (action < 0) {
        raise(-action);
        return 0;
    }
    errno = action;
    return 1;
}

#define REAL(name) __typeof__(name) *real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)
#define ON_PATH(type, failed, name, parameters, arguments) \
    type name parameters { \
        REAL(name); \
        return stop_here() ? failed : real arguments; \
    }
#define ON_FILE(type, name, parameters, arguments) \
    type name parameters { \
        REAL(name); \
        return file > 2 && stop_here() ? -1 : real arguments; \
    }

ON_PATH(int, -1, mkdir, (const char *path, mode_t mode), (path, mode))
ON_PATH(int, -1, rmdir, (const char *path), (path))
ON_PATH(int, -1, unlink, (const char *path), (path))
ON_PATH(int, -1, unlinkat, (int folder, const char *path, int flags), (folder, path, flags))
ON_PATH(int, -1, rename, (const char *from, const char *to), (from, to))
ON_PATH(int, -1, link, (const char *from, const char *to), (from, to))
ON_PATH(int, -1, linkat, (int a, const char *from, int b, const char *to, int flags), (a, from, b, to, flags))
ON_PATH(int, -1, chmod, (const char *path, mode_t mode), (path, mode))
ON_PATH(int, -1, stat64, (const char *restrict path, struct stat64 *restrict found), (path, found))
ON_PATH(int, -1, lstat64, (const char *restrict path, struct stat64 *restrict found), (path, found))
ON_PATH(int, -1, fstatat64, (int folder, const char *restrict path, struct stat64 *restrict found, int flags), (folder, path, found, flags))
ON_PATH(DIR *, NULL, opendir, (const char *path), (path))
ON_PATH(DIR *, NULL, fdopendir, (int folder), (folder))
ON_FILE(ssize_t, read, (int file, void *data, size_t size), (file, data, size))
ON_FILE(ssize_t, pread64, (int file, void *data, size_t size, off64_t offset), (file, data, size, offset))
ON_FILE(ssize_t, write, (int file, const void *data, size_t size), (file, data, size))
ON_FILE(off64_t, lseek64, (int file, off64_t offset, int whence), (file, offset, whence))
ON_FILE(int, fstat64, (int file, struct stat64 *found), (file, found))
ON_FILE(int, fsync, (int file), (file))
ON_FILE(int, flock, (int file, int how), (file, how))
ON_FILE(int, fchmod, (int file, mode_t mode), (file, mode))
ON_FILE(int, fchown, (int file, uid_t owner, gid_t group), (file, owner, group))
ON_FILE(int, ftruncate64, (int file, off64_t size), (file, size))

int close(int file) { /* one that fails has closed all the same */
    REAL(close);
    int fails = file > 2 && stop_here(), error = errno, done = real(file);
    if (fails) errno = error;
    return fails ? -1 : done;
}

int open64(const char *path, int flags, ...) {
    REAL(open64);
    va_list rest;
    va_start(rest, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return stop_here() ? -1 : real(path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...) {
    REAL(openat64);
    va_list rest;
    va_start(rest, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return stop_here() ? -1 : real(folder, path, flags, mode);
}
