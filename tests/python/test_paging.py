"""Listings in Python: every item once, a page when it is needed, and the arguments of the method."""
import json
import unittest
import uuid

from support import TENANT, ServerTest

from wazo_auth_client import exceptions
from wazo_auth_client.paging import iterate, pages, visible_tenants


class Listing(ServerTest):
    def setUp(self):
        super().setUp()
        self.items = [{'uuid': str(uuid.UUID(int=number)), 'name': f'n{number}'} for number in range(25)]
        self.server.answer = self.answer

    def answer(self, request):
        given = request.query
        start = int(given.get('offset', ['0'])[0])
        items = self.items[start:start + int(given['limit'][0])]
        return 200, {}, json.dumps({'items': items, 'total': len(self.items), 'filtered': len(self.items)})

    def test_every_item_comes_once_and_in_order(self):
        for listing in [
            pages(self.client.users.list, page_size=10),
            pages(self.client.users.list),
            iterate(self.client, 'users.list', page_size=7),
        ]:
            self.assertEqual(list(listing), self.items)

    def test_a_page_is_fetched_when_its_first_item_is_needed(self):
        listing = pages(self.client.users.list, page_size=10)
        self.assertEqual(len(self.server.seen), 0)
        for number in range(10):
            next(listing)
            self.assertEqual(len(self.server.seen), 1, number)
        next(listing)
        self.assertEqual(len(self.server.seen), 2)

    def test_the_iteration_ends_after_as_many_items_as_were_asked_for(self):
        listing = pages(self.client.users.list, page_size=10, max_items=12)
        self.assertEqual(list(listing), self.items[:12])
        self.assertEqual(list(listing), [])

    def test_the_arguments_are_those_of_the_method(self):
        list(pages(
            self.client.groups.get_users, 'g-uuid', search='ali', order=None, direction='desc', more=[True],
        ))
        seen = self.server.seen[0]
        self.assertEqual(seen.path, '/0.1/groups/g-uuid/users')
        self.assertEqual(
            {name: values for name, values in seen.query.items() if name not in ('limit', 'offset')},
            {'search': ['ali'], 'direction': ['desc'], 'more': ['True']},
        )
        self.server.seen.clear()
        list(pages(self.client.users.list, recurse=True, tenant_uuid=uuid.UUID(TENANT)))
        self.assertEqual(self.server.seen[0].headers['wazo-tenant'], TENANT)

    def test_a_page_that_failed_is_fetched_by_the_next_item(self):
        listing = pages(self.client.users.list, page_size=10)
        found = [next(listing) for _ in range(10)]
        self.server.answer = (500, {}, '')
        with self.assertRaises(exceptions.HTTPError):
            next(listing)
        self.server.answer = self.answer
        self.assertEqual(found + list(listing), self.items)

    def test_what_cannot_be_listed_is_refused_before_anything_is_sent(self):
        with self.assertRaises(TypeError):
            pages(len)
        with self.assertRaises(TypeError):
            pages(self.client.users.list, limit=3)
        with self.assertRaises(exceptions.InvalidArgument):
            pages(self.client.users.get, 'uuid')
        with self.assertRaises(exceptions.InvalidArgument):
            iterate(self.client, 'users.nothing')
        self.assertEqual(len(self.server.seen), 0)

    def test_the_visible_tenants_are_asked_for_once_in_a_while(self):
        self.assertEqual(visible_tenants(self.client), self.items)
        self.assertEqual(visible_tenants(self.client), self.items)
        self.assertEqual({seen.path for seen in self.server.seen}, {'/0.1/tenants'})
        self.assertEqual(len(self.server.seen), 1)


if __name__ == '__main__':
    unittest.main()
