"""Stub"""
def issue_table(results): return []
def write(results): pass
