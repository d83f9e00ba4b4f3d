/* Fails file calls below one folder: the harness loads this before libc.

   GRADUS_FAULT_UNDER  the folder, absolute
   GRADUS_FAULT_COUNTS a file of 13 u64 in this machine's order: calls seen of each kind, and how
                       many were failed
   GRADUS_FAULT_KIND   the number of the kind to fail
   GRADUS_FAULT_NTH    the first call of that kind to fail, from 1; 0 for none
   GRADUS_FAULT_TIMES  how many to fail from there on
   GRADUS_FAULT_ERRNO  what to fail with
   GRADUS_FAULT_SHORT  1: of the first failing write, half is written before */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { OPEN, READ, PREAD, WRITE, PWRITE, FSYNC, FDATASYNC, RANGE, TRUNCATE, RENAME, UNLINK,
            MKDIR, FAILED, KINDS };

static _Atomic uint64_t none[KINDS];
static _Atomic uint64_t *counts = none;
static char under[4096];
static uint64_t kind, nth, times, is_short;
static int failure;

static uint64_t number(const char *name) {
  const char *text = getenv(name);
  return text ? strtoull(text, NULL, 10) : 0;
}

__attribute__((constructor)) static void begin(void) {
  const char *folder = getenv("GRADUS_FAULT_UNDER");
  const char *file = getenv("GRADUS_FAULT_COUNTS");
  if (!folder || !file) return;
  static int (*real)(const char *, int, ...);
  real = dlsym(RTLD_NEXT, "open");
  int fd = real(file, O_RDWR);
  if (fd < 0) return;
  void *shared = mmap(NULL, sizeof none, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (shared == MAP_FAILED) return;
  kind = number("GRADUS_FAULT_KIND");
  nth = number("GRADUS_FAULT_NTH");
  times = number("GRADUS_FAULT_TIMES");
  is_short = number("GRADUS_FAULT_SHORT");
  failure = (int)number("GRADUS_FAULT_ERRNO");
  snprintf(under, sizeof under, "%s", folder);
  counts = shared;
}

/* Counts a call; whether it must fail. */
static int fails(enum kind seen) {
  uint64_t count = atomic_fetch_add(&counts[seen], 1) + 1;
  if (seen != kind || nth == 0 || count < nth || count - nth >= times) return 0;
  atomic_fetch_add(&counts[FAILED], 1);
  errno = failure;
  return 1;
}

static int is_under(const char *path) {
  size_t length = strlen(under);
  return length && path && strncmp(path, under, length) == 0;
}

static int is_ours(int fd) {
  if (!under[0]) return 0;
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return is_under(path);
}

/* Whether half of this write shall reach the file before the failures begin. */
static int is_halved(enum kind seen, size_t bytes) {
  return is_short && seen == kind && bytes > 1 && atomic_load(&counts[seen]) + 1 == nth;
}

#define REAL(name) \
  static __typeof__(&name) real; \
  if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define OPENS(name) \
  int name(const char *path, int flags, ...) { \
    REAL(name); \
    va_list rest; \
    va_start(rest, flags); \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
    va_end(rest); \
    if (is_under(path) && fails(OPEN)) return -1; \
    return real(path, flags, mode); \
  }
OPENS(open)
OPENS(open64)

#define READS(name, seen, more_parameters, ...) \
  ssize_t name(int fd, void *bytes, size_t length more_parameters) { \
    REAL(name); \
    if (is_ours(fd) && fails(seen)) return -1; \
    return real(fd, bytes, length __VA_ARGS__); \
  }
#define WRITES(name, seen, more_parameters, ...) \
  ssize_t name(int fd, const void *bytes, size_t length more_parameters) { \
    REAL(name); \
    if (is_ours(fd)) { \
      if (is_halved(seen, length)) { \
        atomic_fetch_add(&counts[seen], 1); \
        return real(fd, bytes, length / 2 __VA_ARGS__); \
      } \
      if (fails(seen)) return -1; \
    } \
    return real(fd, bytes, length __VA_ARGS__); \
  }
#define AT , off_t at
#define AT64 , off64_t at
READS(read, READ, , )
READS(pread, PREAD, AT, , at)
READS(pread64, PREAD, AT64, , at)
WRITES(write, WRITE, , )
WRITES(pwrite, PWRITE, AT, , at)
WRITES(pwrite64, PWRITE, AT64, , at)

ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(writev);
  if (is_ours(fd) && fails(WRITE)) return -1;
  return real(fd, parts, count);
}

#define OF_FILE(name, seen, parameters, arguments) \
  int name parameters { \
    REAL(name); \
    if (is_ours(fd) && fails(seen)) return -1; \
    return real arguments; \
  }
OF_FILE(fsync, FSYNC, (int fd), (fd))
OF_FILE(fdatasync, FDATASYNC, (int fd), (fd))
OF_FILE(sync_file_range, RANGE, (int fd, off64_t from, off64_t length, unsigned flags),
        (fd, from, length, flags))
OF_FILE(ftruncate, TRUNCATE, (int fd, off_t length), (fd, length))
OF_FILE(ftruncate64, TRUNCATE, (int fd, off64_t length), (fd, length))

#define OF_PATH(name, seen, parameters, arguments) \
  int name parameters { \
    REAL(name); \
    if (is_under(path) && fails(seen)) return -1; \
    return real arguments; \
  }
OF_PATH(rename, RENAME, (const char *path, const char *to), (path, to))
OF_PATH(unlink, UNLINK, (const char *path), (path))
OF_PATH(mkdir, MKDIR, (const char *path, mode_t mode), (path, mode))
