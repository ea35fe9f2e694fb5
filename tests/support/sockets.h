/* A port of the test's own, on POSIX systems and on Windows.
 *
 * Windows: the program is linked with -lws2_32. Its sockets are numbers that fit into an int.
 */
#ifndef SOCKETS_H
#define SOCKETS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <winsock2.h>
#define POLL_SOCKETS(list, count, milliseconds) WSAPoll(list, count, milliseconds)
static inline void close_socket(int descriptor) { closesocket((SOCKET)descriptor); }
#else
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#define POLL_SOCKETS(list, count, milliseconds) poll(list, count, milliseconds)
static inline void close_socket(int descriptor) { close(descriptor); }
#endif

/* A port of this machine that is ours: with a queue nobody takes from (connecting works, no answer ever comes), or
 * without (connecting is refused). Its URL has this scheme. */
static inline int own_port(bool listening, const char *scheme, char *its_url, size_t size)
{
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
#ifdef _WIN32
    WSADATA about;
    int length = sizeof address;
    if (WSAStartup(MAKEWORD(2, 2), &about) != 0) {
        fprintf(stderr, "own_port: WSAStartup failed\n");
        exit(2);
    }
#else
    socklen_t length = sizeof address;
#endif
    const int descriptor = (int)socket(AF_INET, SOCK_STREAM, 0);
    if (descriptor < 0 || bind(descriptor, (struct sockaddr *)&address, length) != 0 ||
        (listening && listen(descriptor, 64) != 0) ||
        getsockname(descriptor, (struct sockaddr *)&address, &length) != 0) {
        perror("own_port");
        exit(2);
    }
    snprintf(its_url, size, "%s://127.0.0.1:%d", scheme, (int)ntohs(address.sin_port));
    return descriptor;
}

#endif
