/* Preloaded into a writer: notes every write, truncation and sync of files below $FAULTS_FOLDER in $FAULTS_TRACE.
 *
 * The writer's own acknowledgements are writes to a file whose name ends with ".acknowledged", so that they stand in
 * the trace in their order. A record is: operation (1 byte), file (1 byte), offset and length (8 bytes each, little
 * endian), then the data of a write or the path of an open. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { FILES = 64, DESCRIPTORS = 4096 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int trace = -1;
static const char *folder;
static char *paths[FILES];
static int known;
static short file_of[DESCRIPTORS];

static ssize_t (*real_write)(int, const void *, size_t);

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void start(void) {
    real_write = real("write");
    folder = getenv("FAULTS_FOLDER");
    const char *path = getenv("FAULTS_TRACE");
    int (*opening)(const char *, int, ...) = real("open");
    for (int i = 0; i < DESCRIPTORS; i++) file_of[i] = -1;
    if (folder && path) trace = opening(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void note(char operation, int file, uint64_t offset, const void *data, uint64_t length) {
    unsigned char head[18];
    head[0] = (unsigned char)operation;
    head[1] = (unsigned char)file;
    for (int i = 0; i < 8; i++) {
        head[2 + i] = (unsigned char)(offset >> (8 * i));
        head[10 + i] = (unsigned char)(length >> (8 * i));
    }
    if (real_write(trace, head, sizeof head) != sizeof head) abort();
    const char *rest = data;
    while (data && length) {
        ssize_t done = real_write(trace, rest, length);
        if (done <= 0) abort();
        rest += done;
        length -= (uint64_t)done;
    }
}

static void opened(int fd, const char *path) {
    if (trace < 0 || fd < 0 || fd >= DESCRIPTORS || strncmp(path, folder, strlen(folder)) != 0) return;
    pthread_mutex_lock(&lock);
    int file = 0;
    while (file < known && strcmp(paths[file], path) != 0) file++;
    if (file == known) {
        if (known == FILES) abort();
        paths[known++] = strdup(path);
    }
    note('O', file, 0, path, strlen(path));
    file_of[fd] = (short)file;
    pthread_mutex_unlock(&lock);
}

static int traced(int fd) { return trace >= 0 && fd >= 0 && fd < DESCRIPTORS && file_of[fd] >= 0; }

#define OPEN(NAME)                                                  \
    int NAME(const char *path, int flags, ...) {                    \
        int (*opening)(const char *, int, ...) = real(#NAME);       \
        va_list more;                                               \
        va_start(more, flags);                                      \
        int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, int) : 0; \
        va_end(more);                                               \
        int fd = opening(path, flags, mode);                        \
        opened(fd, path);                                           \
        return fd;                                                  \
    }
OPEN(open)
OPEN(open64)

#define PWRITE(NAME, OFFSET)                                                     \
    ssize_t NAME(int fd, const void *data, size_t length, OFFSET offset) {       \
        ssize_t (*writing)(int, const void *, size_t, OFFSET) = real(#NAME);     \
        if (!traced(fd)) return writing(fd, data, length, offset);               \
        pthread_mutex_lock(&lock);                                               \
        ssize_t done = writing(fd, data, length, offset);                        \
        if (done > 0) note('W', file_of[fd], (uint64_t)offset, data, (uint64_t)done); \
        pthread_mutex_unlock(&lock);                                             \
        return done;                                                             \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t write(int fd, const void *data, size_t length) {
    if (!real_write) real_write = real("write");
    if (!traced(fd)) return real_write(fd, data, length);
    pthread_mutex_lock(&lock);
    uint64_t offset = (uint64_t)lseek(fd, 0, SEEK_CUR);
    ssize_t done = real_write(fd, data, length);
    if (done > 0) note('W', file_of[fd], offset, data, (uint64_t)done);
    pthread_mutex_unlock(&lock);
    return done;
}

#define TRUNCATE(NAME, OFFSET)                                         \
    int NAME(int fd, OFFSET length) {                                  \
        int (*truncating)(int, OFFSET) = real(#NAME);                  \
        if (!traced(fd)) return truncating(fd, length);                \
        pthread_mutex_lock(&lock);                                     \
        int done = truncating(fd, length);                             \
        if (done == 0) note('T', file_of[fd], (uint64_t)length, 0, 0); \
        pthread_mutex_unlock(&lock);                                   \
        return done;                                                   \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

#define SYNC(NAME)                                        \
    int NAME(int fd) {                                    \
        int (*syncing)(int) = real(#NAME);                \
        if (!traced(fd)) return syncing(fd);              \
        pthread_mutex_lock(&lock);                        \
        int done = syncing(fd);                           \
        if (done == 0) note('S', file_of[fd], 0, 0, 0);   \
        pthread_mutex_unlock(&lock);                      \
        return done;                                      \
    }
SYNC(fsync)
SYNC(fdatasync)

int close(int fd) {
    int (*closing)(int) = real("close");
    if (fd >= 0 && fd < DESCRIPTORS) file_of[fd] = -1;
    return closing(fd);
}
