/* Admission of SIP-like requests: a verifier and a token keeper in a server with an epoll event loop and one thread.
 * A datagram is one request, `REGISTER USER_UUID TOKEN`. The answer is
 *     200 OK USERNAME          the token is that user's own, and has the access sip.me.register
 *     403 Forbidden            it is not, or lacks the access
 *     503 Service Unavailable  wazo-auth could not be asked, and nothing is known of the token
 *
 * The verifier decides, mostly from memory. A token alone says only that somebody may register: whose it is must be
 * compared with the address. The user's name is read with the server's own token, which the renewer keeps fresh. */
#define _GNU_SOURCE /* signalfd */
#include <wazo_auth_client.h>
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

struct request {
    struct sockaddr_in from;
    char user[64];
    bool is_decided; /* what comes next is the user's name */
};

static const char usage[] = "admission --listen PORT (or --help); WAZO_AUTH_URL, WAZO_AUTH_CA_FILE, ...\n";
static int udp;
static wazo_auth_client *client; /* its calls have the server's own token */
static wazo_auth_verifier *verifier;
static wazo_auth_queue *queue;
static void answer(struct request *request, const char *text, const char *more)
{
    char line[256];
    int length = snprintf(line, sizeof line, "%s%s\n", text, more);
    sendto(udp, line, (size_t)length, 0, (struct sockaddr *)&request->from, sizeof request->from);
    free(request);
}

static void receive(void)
{
    char line[1024], token[512];
    struct request *request = calloc(1, sizeof *request);
    socklen_t size = sizeof request->from;
    ssize_t length = recvfrom(udp, line, sizeof line - 1, 0, (struct sockaddr *)&request->from, &size);
    line[length > 0 ? length : 0] = '\0';
    if (sscanf(line, "REGISTER %63s %511s", request->user, token) != 2)
        answer(request, "400 Bad Request", "");
    else if (wazo_auth_verifier_submit(verifier, queue, token, "sip.me.register", NULL, request, NULL) == 0)
        answer(request, "503 Service Unavailable", ""); /* the queue is full */
}

static void admit(struct request *request, const wazo_auth_completion *decided)
{
    char arguments[128];
    char *owner = wazo_auth_json_get(wazo_auth_completion_result(decided), "/user_uuid", NULL);
    bool is_own = wazo_auth_completion_is_yes(decided) && owner != NULL && strcmp(owner, request->user) == 0;
    wazo_auth_string_free(owner);
    request->is_decided = true;
    snprintf(arguments, sizeof arguments, "{\"user_uuid\": \"%s\"}", request->user);
    if (!is_own)
        answer(request, "403 Forbidden", "");
    else if (wazo_auth_queue_submit(queue, client, "users.get", arguments, request, NULL) == 0)
        answer(request, "200 OK", "");
}

static void take(wazo_auth_completion *completion)
{
    struct request *request = wazo_auth_completion_user_data(completion);
    const wazo_auth_error *error = wazo_auth_completion_error(completion);
    const char *user = wazo_auth_completion_result(completion);
    char *name = request->is_decided && user != NULL ? wazo_auth_json_get(user, "/username", NULL) : NULL;
    if (error != NULL)
        fprintf(stderr, "%s\n", wazo_auth_error_message(error)); /* no secret is in it */
    if (error == NULL && !request->is_decided)
        admit(request, completion);
    else /* without the name the user is admitted all the same */
        answer(request, request->is_decided ? "200 OK " : "503 Service Unavailable", name != NULL ? name : "");
    wazo_auth_string_free(name), wazo_auth_completion_free(completion);
}

int main(int count, char **arguments)
{
    bool is_asked = count == 2 && strcmp(arguments[1], "--help") == 0;
    char *rest = "";
    unsigned long port = count == 3 && !strcmp(arguments[1], "--listen") ? strtoul(arguments[2], &rest, 10) : 65536;
    if (port > 65535 || *rest != '\0')
        return fputs(usage, is_asked ? stdout : stderr), is_asked ? 0 : 2;
    wazo_auth_error *error = NULL;
    wazo_auth_options *options = wazo_auth_options_new();
    wazo_auth_options_set_from_environment(options, &error);
    wazo_auth_client *plain = error == NULL ? wazo_auth_client_new(options, &error) : NULL;
    wazo_auth_renewer *renewer = plain ? wazo_auth_renewer_new(plain, NULL, &error) : NULL;
    client = renewer ? wazo_auth_client_with_renewer(plain, renewer, &error) : NULL;
    verifier = client ? wazo_auth_verifier_new(plain, "{\"stale_ms\": 600000}", &error) : NULL;
    queue = verifier ? wazo_auth_queue_new(0, &error) : NULL;
    if (queue == NULL || !wazo_auth_renewer_start(renewer, 0, &error))
        return fprintf(stderr, "admission: %s\n", wazo_auth_error_message(error)), 1;
    struct sockaddr_in address = {AF_INET, htons((in_port_t)port), {htonl(INADDR_LOOPBACK)}, {0}};
    udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (bind(udp, (struct sockaddr *)&address, sizeof address) != 0 ||
        getsockname(udp, (struct sockaddr *)&address, &(socklen_t){sizeof address}) != 0)
        return perror("admission"), 1;
    sigset_t ends;
    sigemptyset(&ends), sigaddset(&ends, SIGTERM), sigaddset(&ends, SIGINT), sigprocmask(SIG_BLOCK, &ends, NULL);
    int ready, loop = epoll_create1(EPOLL_CLOEXEC), end = signalfd(-1, &ends, SFD_CLOEXEC);
    int watched[] = {udp, wazo_auth_queue_descriptor(queue), end};
    for (int at = 0; at < 3; at++)
        epoll_ctl(loop, EPOLL_CTL_ADD, watched[at], &(struct epoll_event){.events = EPOLLIN, .data.fd = watched[at]});
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port)), fflush(stdout);
    for (struct epoll_event event; (ready = epoll_wait(loop, &event, 1, -1)) < 0 || event.data.fd != end;) {
        if (ready == 1 && event.data.fd == udp)
            receive();
        for (wazo_auth_completion *completion; (completion = wazo_auth_queue_next(queue, 0)) != NULL;)
            take(completion);
    }
    wazo_auth_renewer_close(renewer, 2000, NULL); /* revokes the server's own token */
    wazo_auth_queue_free(queue), wazo_auth_verifier_free(verifier), wazo_auth_client_free(client);
    wazo_auth_renewer_free(renewer), wazo_auth_client_free(plain), wazo_auth_options_free(options);
    return 0;
}
