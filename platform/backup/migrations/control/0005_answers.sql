-- What the API was asked over the restored copy, and how it answered: a list of {"asked": "GET ...", "status": 200}.
alter table backup_places add column answers {json};
