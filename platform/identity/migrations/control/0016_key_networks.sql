-- From where a key may be used (networks, joined by commas; null: from anywhere), and from where it last was.
alter table api_keys add column networks {text};
alter table api_keys add column last_used_ip {text};
