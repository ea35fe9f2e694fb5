"""Access lists in Python decide as the server does."""
import json
import unittest

from support import ROOT

from wazo_auth_client.access import AccessCheck, fill
from wazo_auth_client.exceptions import InvalidArgument

VECTORS = ROOT / 'simulator' / 'data' / 'acl_vectors.jsonl'


class Access(unittest.TestCase):
    def test_all_recorded_decisions_are_made_one_by_one_and_at_once(self):
        lines = VECTORS.read_text(encoding='utf-8').splitlines()
        self.assertEqual(len(lines), 1200)
        for line in lines:
            vector = json.loads(line)
            check = AccessCheck(vector['auth_id'], vector['session_uuid'], vector['acl'])
            access = vector['access']
            self.assertIs(check.matches_required_access(access), vector['matches'], line)
            if access is None:
                continue
            self.assertEqual(check.matches_each([access]), {access: vector['matches']}, line)
            self.assertIs(check.may_add_access(access), vector['may_add'], line)
            self.assertIs(check.may_remove_access(access), vector['may_remove'], line)

    def test_the_call_forms_of_wazo_s_own_class_work(self):
        check = AccessCheck(auth_id='123', session_uuid='s', acl=['foo.me.#', '!foo.me.secret'])
        self.assertEqual(check.auth_id, '123')
        self.assertTrue(check.matches_required_access('foo.123.bar'))
        self.assertFalse(check.matches_required_access('foo.me.secret'))
        self.assertTrue(check.matches_required_access(None))
        self.assertTrue(AccessCheck(None, None, []).may_add_access('!anything'))
        self.assertFalse(AccessCheck(None, None, []).may_remove_access('!anything'))

    def test_several_accesses_are_asked_about_at_once(self):
        check = AccessCheck('123', 's', ['a.#'])
        self.assertEqual(check.matches_each(['a.b', 'b', 'a.c']), {'a.b': True, 'b': False, 'a.c': True})
        self.assertEqual(check.matches_each(name for name in ()), {})

    def test_what_is_no_access_list_or_no_access_is_refused_and_allows_nothing(self):
        with self.assertRaises(TypeError):
            AccessCheck('123', 's', 'a.#')  # would be a list of letters
        check = AccessCheck('123', 's', ['#'])
        for access in ['a\0b', '\udc80']:
            with self.assertRaises(InvalidArgument):
                check.matches_required_access(access)
        for ask in (check.may_add_access, check.may_remove_access):
            with self.assertRaises(TypeError):
                ask(None)

    def test_placeholders_are_filled_with_one_word_each(self):
        self.assertEqual(fill('confd.users.{user_uuid}.read', {'user_uuid': '8f3a'}), 'confd.users.8f3a.read')
        self.assertEqual(fill('a.{b}.{n}', {'b': 'x.y.z', 'n': 7, 'unused': None}), 'a.x_y_z.7')
        self.assertEqual(fill('a.b', {}), 'a.b')
        with self.assertRaises(InvalidArgument):
            fill('a.{missing}', {'b': 'x'})


if __name__ == '__main__':
    unittest.main()
