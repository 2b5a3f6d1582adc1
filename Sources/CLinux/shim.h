#pragma once

// What Swift does not see of glibc: it defines no _GNU_SOURCE, and its module map lacks malloc.h.

#include <malloc.h>
#include <pthread.h>
#include <spawn.h>

int pipe2(int ends[2], int flags);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
int pthread_setname_np(pthread_t thread, const char *name);
int renameat2(int old_directory, const char *old_path, int new_directory, const char *new_path, unsigned int flags);

static const unsigned int lorikeet_rename_exchange = 1 << 1;  // RENAME_EXCHANGE of <linux/fs.h>
static const short lorikeet_spawn_setsid = 0x80;              // POSIX_SPAWN_SETSID of <spawn.h>
