/* Put before every file of posix/ (-include): each call of the system may kill the process, or fail with EIO instead. */
#ifndef STOP_AT_H
#define STOP_AT_H
#define _FILE_OFFSET_BITS 64
#define _POSIX_C_SOURCE 200809L
#define _DEFAULT_SOURCE 1

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int stop_here(void); /* stop_at.c: does not return, or whether the call fails */

#define OR_FAIL(call) (stop_here() ? -1 : (call))
#define open(...) OR_FAIL(open(__VA_ARGS__))
#define openat(...) OR_FAIL(openat(__VA_ARGS__))
#define mkdirat(...) OR_FAIL(mkdirat(__VA_ARGS__))
#define linkat(...) OR_FAIL(linkat(__VA_ARGS__))
#define renameat(...) OR_FAIL(renameat(__VA_ARGS__))
#define unlinkat(...) OR_FAIL(unlinkat(__VA_ARGS__))
#define fstat(...) OR_FAIL(fstat(__VA_ARGS__))
#define fstatat(...) OR_FAIL(fstatat(__VA_ARGS__))
#define flock(...) OR_FAIL(flock(__VA_ARGS__))
#define fsync(...) OR_FAIL(fsync(__VA_ARGS__))
#define fchmod(...) OR_FAIL(fchmod(__VA_ARGS__))
#define fchown(...) OR_FAIL(fchown(__VA_ARGS__))
#define write(...) OR_FAIL(write(__VA_ARGS__))
#define read(...) OR_FAIL(read(__VA_ARGS__))
#define pread(...) OR_FAIL(pread(__VA_ARGS__))
#define close(...) OR_FAIL(close(__VA_ARGS__))
#endif
