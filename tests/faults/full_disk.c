/* Preloaded into a server: while the file $FULL_WHEN is there, files below $FULL_FOLDER take no more bytes, as on a disk
 * that is full (ENOSPC). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int is_full(int fd) {
    const char *when = getenv("FULL_WHEN"), *folder = getenv("FULL_FOLDER");
    char link[64], path[PATH_MAX];
    if (!when || !folder || access(when, F_OK) != 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return strncmp(path, folder, strlen(folder)) == 0;
}

#define WRAP(type, name, parameters, arguments)                                 \
    type name parameters {                                                      \
        static type(*next) parameters;                                          \
        if (!next) next = (type(*) parameters)dlsym(RTLD_NEXT, #name);          \
        if (is_full(fd)) {                                                      \
            errno = ENOSPC;                                                     \
            return -1;                                                          \
        }                                                                       \
        return next arguments;                                                  \
    }

WRAP(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size))
WRAP(ssize_t, pwrite, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at))
WRAP(ssize_t, pwrite64, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at))
WRAP(int, ftruncate, (int fd, off_t size), (fd, size))
WRAP(int, ftruncate64, (int fd, off64_t size), (fd, size))
