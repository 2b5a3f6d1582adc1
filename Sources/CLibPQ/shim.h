#pragma once

#include <libpq-fe.h>
#include <sys/eventfd.h>

// Swift does not see what glibc declares for _GNU_SOURCE only.
#include <spawn.h>
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
