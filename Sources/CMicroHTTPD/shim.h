#pragma once

#include <microhttpd.h>

// Swift cannot call variadic functions.
static inline struct MHD_Daemon *lorikeet_http_start(
    int listening_socket, unsigned int connections, unsigned int idle_seconds, MHD_AccessHandlerCallback handler,
    MHD_RequestCompletedCallback completed, void *context) {
    // A thread of its own waits for sockets. Handlers may suspend a connection until its answer is there.
    return MHD_start_daemon(
        MHD_USE_AUTO_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handler, context,
        MHD_OPTION_LISTEN_SOCKET, listening_socket, MHD_OPTION_CONNECTION_LIMIT, connections,
        MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds, MHD_OPTION_NOTIFY_COMPLETED, completed, context, MHD_OPTION_END);
}

// The same for strangers: headers that do not fit into `memory` bytes are refused, and `notify` hears of connections.
static inline struct MHD_Daemon *lorikeet_http_start_bounded(
    int listening_socket, unsigned int connections, unsigned int idle_seconds, size_t memory,
    MHD_AccessHandlerCallback handler, MHD_RequestCompletedCallback completed, void *context,
    MHD_NotifyConnectionCallback notify, void *notified) {
    return MHD_start_daemon(
        MHD_USE_AUTO_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handler, context,
        MHD_OPTION_LISTEN_SOCKET, listening_socket, MHD_OPTION_CONNECTION_LIMIT, connections,
        MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory,
        MHD_OPTION_NOTIFY_COMPLETED, completed, context, MHD_OPTION_NOTIFY_CONNECTION, notify, notified,
        MHD_OPTION_END);
}

// -1 if the library does not know it.
static inline int lorikeet_http_descriptor(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info == NULL ? -1 : info->connect_fd;
}

static inline const struct sockaddr *lorikeet_http_address(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info == NULL ? NULL : info->client_addr;
}

static inline int lorikeet_http_is_new(enum MHD_ConnectionNotificationCode code) {
    return code == MHD_CONNECTION_NOTIFY_STARTED;
}

// Whether Swift sees an enumeration of this header as an enum or as numbers depends on the version of the library.

static const enum MHD_Result lorikeet_http_no = MHD_NO;
static const enum MHD_Result lorikeet_http_yes = MHD_YES;

static inline const char *lorikeet_http_header(struct MHD_Connection *connection, const char *name) {
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

// The value of an argument behind the question mark of an address.
static inline const char *lorikeet_http_argument(struct MHD_Connection *connection, const char *name) {
    return MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
}

static inline struct MHD_Response *lorikeet_http_response(const void *body, size_t size) {
    return MHD_create_response_from_buffer(size, (void *)body, MHD_RESPMEM_MUST_COPY);
}
