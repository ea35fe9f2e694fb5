/* Publishes on wazo-auth's bus as wazo-auth does, for test_bus.py: reads lines from standard input, each with the name
 * of an event, a tab, and the body; answers each with `published` when RabbitMQ has put the message into its queues.
 *
 *     publisher HOST PORT
 *
 * A program beside the test, with a connection that it keeps: what is measured is the way of a message, and neither the
 * start of a program nor a login.
 */
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char exchange[] = "wazo-headers";
static amqp_connection_state_t bus;

static void must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "publisher: %s failed\n", what);
        exit(1);
    }
}

static bool answered(void) { return amqp_get_rpc_reply(bus).reply_type == AMQP_RESPONSE_NORMAL; }

static void text_header(amqp_table_entry_t *header, const char *name, const char *value)
{
    header->key = amqp_cstring_bytes(name);
    header->value.kind = AMQP_FIELD_KIND_UTF8;
    header->value.value.bytes = amqp_cstring_bytes(value);
}

/* With the headers and properties of wazo's own publishers. */
static void publish(const char *name, const char *body)
{
    amqp_table_entry_t headers[3];
    text_header(&headers[0], "name", name);
    text_header(&headers[1], "tenant_uuid", "5b4d6c1e-0000-4000-8000-000000000001");
    headers[2].key = amqp_cstring_bytes("user_uuid:5b4d6c1e-0000-4000-8000-000000000002");
    headers[2].value.kind = AMQP_FIELD_KIND_BOOLEAN;
    headers[2].value.value.boolean = 1;
    amqp_basic_properties_t properties = {0};
    properties._flags = AMQP_BASIC_HEADERS_FLAG | AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG;
    properties.content_type = amqp_cstring_bytes("application/json");
    properties.delivery_mode = 2;
    properties.headers.num_entries = 3;
    properties.headers.entries = headers;
    amqp_frame_t confirmed;
    must(amqp_basic_publish(bus, 1, amqp_cstring_bytes(exchange), amqp_empty_bytes, 0, 0, &properties,
                            amqp_cstring_bytes(body)) == AMQP_STATUS_OK &&
             amqp_simple_wait_frame(bus, &confirmed) == AMQP_STATUS_OK &&
             confirmed.payload.method.id == AMQP_BASIC_ACK_METHOD,
         "publishing");
    amqp_maybe_release_buffers(bus);
}

int main(int count, char **arguments)
{
    static char line[65536];
    must(count == 3, "reading HOST and PORT");
    bus = amqp_new_connection();
    amqp_socket_t *socket = amqp_tcp_socket_new(bus);
    must(amqp_socket_open(socket, arguments[1], atoi(arguments[2])) == AMQP_STATUS_OK, "connecting");
    must(amqp_login(bus, "/", 0, AMQP_DEFAULT_FRAME_SIZE, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest").reply_type ==
             AMQP_RESPONSE_NORMAL,
         "logging in");
    amqp_channel_open(bus, 1);
    must(answered(), "opening a channel");
    amqp_exchange_declare(bus, 1, amqp_cstring_bytes(exchange), amqp_cstring_bytes("headers"), 0, 1, 0, 0,
                          amqp_empty_table);
    must(answered(), "declaring the exchange");
    amqp_confirm_select(bus, 1);
    must(answered(), "asking for confirmations");
    while (fgets(line, sizeof line, stdin) != NULL) {
        char *body = strchr(line, '\t');
        must(body != NULL, "reading a line");
        *body++ = '\0';
        body[strcspn(body, "\n")] = '\0';
        publish(line, body);
        printf("published\n");
        fflush(stdout);
    }
    amqp_connection_close(bus, AMQP_REPLY_SUCCESS);
    amqp_destroy_connection(bus);
    return 0;
}
