BEGIN TRANSACTION;
CREATE TABLE access_grant (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	scope_id INTEGER NOT NULL, 
	user_id INTEGER, 
	team_id INTEGER, 
	"right" TEXT NOT NULL, 
	only_assigned INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT fk_access_grant_scope_id FOREIGN KEY(scope_id) REFERENCES scope (id), 
	CONSTRAINT fk_access_grant_team_id FOREIGN KEY(team_id) REFERENCES team (id), 
	CONSTRAINT fk_access_grant_user_id FOREIGN KEY(user_id) REFERENCES user (id), 
	CONSTRAINT uq_access_grant_scope_id_user_id_team_id_right UNIQUE (scope_id, user_id, team_id, "right")
);
INSERT INTO "access_grant" VALUES(1,1,1,NULL,'answer',0);
INSERT INTO "access_grant" VALUES(2,1,1,NULL,'assign',0);
INSERT INTO "access_grant" VALUES(3,1,2,NULL,'answer',0);
INSERT INTO "access_grant" VALUES(4,1,2,NULL,'assign',0);
INSERT INTO "access_grant" VALUES(5,1,NULL,1,'comment',1);
INSERT INTO "access_grant" VALUES(6,2,2,NULL,'see',0);
INSERT INTO "access_grant" VALUES(7,2,2,NULL,'comment',0);
INSERT INTO "access_grant" VALUES(8,2,2,NULL,'answer',0);
INSERT INTO "access_grant" VALUES(9,2,2,NULL,'assign',0);
INSERT INTO "access_grant" VALUES(10,2,2,NULL,'manage',0);
CREATE TABLE account (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	mailbox_id INTEGER NOT NULL, 
	host TEXT NOT NULL, 
	port INTEGER NOT NULL, 
	security TEXT NOT NULL, 
	user TEXT NOT NULL, 
	auth TEXT NOT NULL, 
	secret BLOB, 
	smtp_host TEXT, 
	smtp_port INTEGER DEFAULT '0' NOT NULL, 
	smtp_security TEXT DEFAULT 'starttls' NOT NULL, 
	smtp_user TEXT, 
	smtp_secret BLOB, 
	write_seen INTEGER DEFAULT '1' NOT NULL, 
	write_answered INTEGER DEFAULT '1' NOT NULL, 
	write_sent INTEGER DEFAULT '1' NOT NULL, 
	follow_new INTEGER DEFAULT '1' NOT NULL, 
	paused INTEGER DEFAULT '0' NOT NULL, 
	state TEXT DEFAULT 'new' NOT NULL, 
	since BIGINT NOT NULL, 
	sentence TEXT DEFAULT '' NOT NULL, 
	fields JSON NOT NULL, 
	tries INTEGER DEFAULT '0' NOT NULL, 
	next_at INTEGER DEFAULT '0' NOT NULL, 
	seen_at BIGINT, 
	boot TEXT, 
	created_at BIGINT NOT NULL, sends INTEGER DEFAULT '1' NOT NULL, trusted_servers TEXT, 
	CONSTRAINT fk_account_mailbox_id FOREIGN KEY(mailbox_id) REFERENCES mailbox (id)
);
INSERT INTO "account" VALUES(1,1,'imap.firm.example',993,'tls','sales@firm.example','password',X'01792B5166B2B3F4D58D82CA6386D2C96EBCB4873B8D4AB6CF42205C44B030BD257E37647E6009',NULL,0,'starttls',NULL,NULL,1,1,1,1,0,'new',1795000000000000,'','{}',0,0,NULL,'a8c74107e66cb0e4',1795000000000000,1,NULL);
INSERT INTO "account" VALUES(2,1,'imap.google.example',993,'tls','sales@firm.example','xoauth2',X'01792B5166A6058A00581A22B22DE50472922DB0072B2BF3AD6B5AA3571600FC143A96ADAE822F82C71C3D5B69A354577C9319416C9E466119D9AA23E23270585974F0F2465E0EFCDBE41DF802BEB4D2D8D6848AB44DA0687A',NULL,0,'starttls',NULL,NULL,1,1,1,1,0,'new',1795000000000000,'','{}',0,0,NULL,NULL,1795000000000000,1,NULL);
CREATE TABLE account_token (
	account_id INTEGER NOT NULL, 
	authority TEXT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	refresh_until BIGINT, 
	holder TEXT, 
	held_until INTEGER DEFAULT '0' NOT NULL, 
	trouble_since BIGINT, 
	trouble TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT pk_account_token PRIMARY KEY (account_id), 
	CONSTRAINT fk_account_token_account_id FOREIGN KEY(account_id) REFERENCES account (id) ON DELETE CASCADE
);
INSERT INTO "account_token" VALUES(2,'google',1795003600000000,NULL,NULL,0,NULL,'');
CREATE TABLE acknowledgement (
	mailbox_id INTEGER NOT NULL, 
	language TEXT NOT NULL, 
	body TEXT NOT NULL, 
	CONSTRAINT pk_acknowledgement PRIMARY KEY (mailbox_id, language)
);
INSERT INTO "acknowledgement" VALUES(1,'uk','Ми отримали ваш лист.');
INSERT INTO "acknowledgement" VALUES(1,'en','We have your letter.');
CREATE TABLE affiliation (
	contact_id INTEGER NOT NULL, 
	counterparty_id INTEGER NOT NULL, 
	CONSTRAINT pk_affiliation PRIMARY KEY (contact_id, counterparty_id)
);
INSERT INTO "affiliation" VALUES(1,1);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE assignment (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	scope_id INTEGER NOT NULL, 
	thread_id INTEGER NOT NULL, 
	executor_id INTEGER NOT NULL, 
	reason TEXT NOT NULL, 
	by_id INTEGER, 
	assigned_at BIGINT NOT NULL, 
	ended_at BIGINT, 
	CONSTRAINT fk_assignment_by_id FOREIGN KEY(by_id) REFERENCES user (id), 
	CONSTRAINT fk_assignment_executor_id FOREIGN KEY(executor_id) REFERENCES user (id), 
	CONSTRAINT fk_assignment_scope_id FOREIGN KEY(scope_id) REFERENCES scope (id)
);
INSERT INTO "assignment" VALUES(1,1,1,1,'manager',NULL,1795000000000000,1795000000000000);
INSERT INTO "assignment" VALUES(2,1,2,1,'manager',NULL,1795000000000000,NULL);
INSERT INTO "assignment" VALUES(3,1,3,1,'manager',NULL,1795000000000000,NULL);
INSERT INTO "assignment" VALUES(4,1,4,1,'manager',NULL,1795000000000000,NULL);
INSERT INTO "assignment" VALUES(5,1,5,1,'manager',NULL,1795000000000000,NULL);
INSERT INTO "assignment" VALUES(6,1,6,1,'manager',NULL,1795000000000000,NULL);
INSERT INTO "assignment" VALUES(7,1,1,2,'hand',1,1795000000000000,1795000000000000);
INSERT INTO "assignment" VALUES(8,1,8,1,'manager',NULL,1795000000000000,NULL);
CREATE TABLE audit (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at BIGINT NOT NULL, 
	user_id INTEGER, 
	action TEXT NOT NULL, 
	subject TEXT DEFAULT '' NOT NULL, 
	details JSON NOT NULL, 
	previous BLOB NOT NULL, 
	hash BLOB NOT NULL
);
INSERT INTO "audit" VALUES(1,1795000000000000,1,'signed-in','','{"peer":"192.0.2.1"}',X'0000000000000000000000000000000000000000000000000000000000000000',X'C02BDA3A9ADA2A1A0C12383A6C9DC56989CF77B3DA9D10B1835428D3ED28F7C9');
INSERT INTO "audit" VALUES(2,1795000000000000,1,'token-added','report','{"scopes":["read"]}',X'C02BDA3A9ADA2A1A0C12383A6C9DC56989CF77B3DA9D10B1835428D3ED28F7C9',X'9FB927DF8FC9DC5EA9667B8B2E9B3516325BE03045F8134A77D4E5D601664029');
INSERT INTO "audit" VALUES(3,1795000000000000,4,'rule-added','Pumps','{"mailbox_id":1}',X'9FB927DF8FC9DC5EA9667B8B2E9B3516325BE03045F8134A77D4E5D601664029',X'A5C787CE3B124622C48B8B0906FB60A518B423E700D9C9F97862222C3A51ECE3');
CREATE TABLE blob (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	sha256 BLOB NOT NULL, 
	size INTEGER NOT NULL, 
	content BLOB, 
	created_at BIGINT NOT NULL, 
	settled_at BIGINT, 
	CONSTRAINT uq_blob_sha256 UNIQUE (sha256)
);
INSERT INTO "blob" VALUES(1,X'FD40C85A21E519E78145961DF63B39C902CA06ADB5D23D99E1E81F37B0E895C2',161,NULL,1795000000000000,1795000000000000);
INSERT INTO "blob" VALUES(2,X'6A3CF6D865E3C5DCE55CC2BDCD582CBF5395A6756D453A35B1CBFB90C30EB31A',202,X'46726F6D3A20616E6E6140636C69656E742E6578616D706C650D0A546F3A2073616C6573406669726D2E6578616D706C650D0A5375626A6563743A2052653A204C657474657220300D0A4D6573736167652D49443A203C31303040636C69656E742E6578616D706C653E0D0A446174653A204672692C203230204E6F7620323032362031303A30303A3030202B303230300D0A496E2D5265706C792D546F3A203C3040636C69656E742E6578616D706C653E0D0A0D0A5765206E656564203130302070756D70732E0D0A',1795000000000000,NULL);
INSERT INTO "blob" VALUES(3,X'4E18248AF45A2FC09223039577625AE5D86F89A7F16A2317EBA4C6A994DBCBC8',161,X'46726F6D3A20616E6E6140636C69656E742E6578616D706C650D0A546F3A2073616C6573406669726D2E6578616D706C650D0A5375626A6563743A204C657474657220310D0A4D6573736167652D49443A203C3140636C69656E742E6578616D706C653E0D0A446174653A204672692C203230204E6F7620323032362031303A30303A3030202B303230300D0A0D0A5765206E65656420312070756D70732E0D0A',1795000000000000,NULL);
INSERT INTO "blob" VALUES(4,X'7361C0EBF71BE959E657A8E6F9B73EE8833984B542A0BE24E31405F15E178894',202,X'46726F6D3A20616E6E6140636C69656E742E6578616D706C650D0A546F3A2073616C6573406669726D2E6578616D706C650D0A5375626A6563743A2052653A204C657474657220310D0A4D6573736167652D49443A203C31303140636C69656E742E6578616D706C653E0D0A446174653A204672692C203230204E6F7620323032362031303A30303A3030202B303230300D0A496E2D5265706C792D546F3A203C3140636C69656E742E6578616D706C653E0D0A0D0A5765206E656564203130312070756D70732E0D0A',1795000000000000,NULL);
INSERT INTO "blob" VALUES(5,X'4A68233C861213019DBEFF888227A027413F3EE21240819210C9D236044413BB',161,X'46726F6D3A20616E6E6140636C69656E742E6578616D706C650D0A546F3A2073616C6573406669726D2E6578616D706C650D0A5375626A6563743A204C657474657220320D0A4D6573736167652D49443A203C3240636C69656E742E6578616D706C653E0D0A446174653A204672692C203230204E6F7620323032362031303A30303A3030202B303230300D0A0D0A5765206E65656420322070756D70732E0D0A',1795000000000000,NULL);
INSERT INTO "blob" VALUES(6,X'059F0304E41A1CB207AA59EAE754CFE38DF8358C44238626D50732D8C4EFE6F4',202,X'46726F6D3A20616E6E6140636C69656E742E6578616D706C650D0A546F3A2073616C6573406669726D2E6578616D706C650D0A5375626A6563743A2052653A204C657474657220320D0A4D6573736167652D49443A203C31303240636C69656E742E6578616D706C653E0D0A446174653A204672692C203230204E6F7620323032362031303A30303A3030202B303230300D0A496E2D5265706C792D546F3A203C3240636C69656E742E6578616D706C653E0D0A0D0A5765206E656564203130322070756D70732E0D0A',1795000000000000,NULL);
INSERT INTO "blob" VALUES(7,X'283E35AC218883DC543AEAAE9FFBCE22E5B721A3EDD568328AC28B4EDF628C20',161,X'46726F6D3A20616E6E6140636C69656E742E6578616D706C650D0A546F3A2073616C6573406669726D2E6578616D706C650D0A5375626A6563743A204C657474657220330D0A4D6573736167652D49443A203C3340636C69656E742E6578616D706C653E0D0A446174653A204672692C203230204E6F7620323032362031303A30303A3030202B303230300D0A0D0A5765206E65656420332070756D70732E0D0A',1795000000000000,NULL);
INSERT INTO "blob" VALUES(8,X'1EBCA580FBCE7779728D7383983B44704DDAC739F544840FF201756F3B2F8E73',202,X'46726F6D3A20616E6E6140636C69656E742E6578616D706C650D0A546F3A2073616C6573406669726D2E6578616D706C650D0A5375626A6563743A2052653A204C657474657220330D0A4D6573736167652D49443A203C31303340636C69656E742E6578616D706C653E0D0A446174653A204672692C203230204E6F7620323032362031303A30303A3030202B303230300D0A496E2D5265706C792D546F3A203C3340636C69656E742E6578616D706C653E0D0A0D0A5765206E656564203130332070756D70732E0D0A',1795000000000000,NULL);
INSERT INTO "blob" VALUES(9,X'28DEAE6984EDD16D7EA560795AD63187352B2982A68A0AEB733949E6465D9DA4',161,X'46726F6D3A20616E6E6140636C69656E742E6578616D706C650D0A546F3A2073616C6573406669726D2E6578616D706C650D0A5375626A6563743A204C657474657220340D0A4D6573736167652D49443A203C3440636C69656E742E6578616D706C653E0D0A446174653A204672692C203230204E6F7620323032362031303A30303A3030202B303230300D0A0D0A5765206E65656420342070756D70732E0D0A',1795000000000000,NULL);
INSERT INTO "blob" VALUES(10,X'B01D8AABE1CB65F5E6F88DCBEBBFC6D7AF7A1777C8A88E1D544C6A6D5C3C0226',202,X'46726F6D3A20616E6E6140636C69656E742E6578616D706C650D0A546F3A2073616C6573406669726D2E6578616D706C650D0A5375626A6563743A2052653A204C657474657220340D0A4D6573736167652D49443A203C31303440636C69656E742E6578616D706C653E0D0A446174653A204672692C203230204E6F7620323032362031303A30303A3030202B303230300D0A496E2D5265706C792D546F3A203C3440636C69656E742E6578616D706C653E0D0A0D0A5765206E656564203130342070756D70732E0D0A',1795000000000000,NULL);
INSERT INTO "blob" VALUES(11,X'984F1D55F349777BAA0130772BCF8AAA060C69CA9225EBB213FE710A138CBB5C',161,X'46726F6D3A20616E6E6140636C69656E742E6578616D706C650D0A546F3A2073616C6573406669726D2E6578616D706C650D0A5375626A6563743A204C657474657220350D0A4D6573736167652D49443A203C3540636C69656E742E6578616D706C653E0D0A446174653A204672692C203230204E6F7620323032362031303A30303A3030202B303230300D0A0D0A5765206E65656420352070756D70732E0D0A',1795000000000000,NULL);
INSERT INTO "blob" VALUES(12,X'20A84FAD810AAC6F022FE46B26CA4702E01B6B3E84CC5E2F50F27A801C8B927E',202,X'46726F6D3A20616E6E6140636C69656E742E6578616D706C650D0A546F3A2073616C6573406669726D2E6578616D706C650D0A5375626A6563743A2052653A204C657474657220350D0A4D6573736167652D49443A203C31303540636C69656E742E6578616D706C653E0D0A446174653A204672692C203230204E6F7620323032362031303A30303A3030202B303230300D0A496E2D5265706C792D546F3A203C3540636C69656E742E6578616D706C653E0D0A0D0A5765206E656564203130352070756D70732E0D0A',1795000000000000,NULL);
INSERT INTO "blob" VALUES(13,X'568DD12F879109F6D18D0905DB730E7BC149E31577D54C930040A2ED5FDA1B14',167,X'46726F6D3A20616E6E6140636C69656E742E6578616D706C650D0A546F3A2073616C6573406669726D2E6578616D706C650D0A5375626A6563743A204C6574746572203230300D0A4D6573736167652D49443A203C32303040636C69656E742E6578616D706C653E0D0A446174653A204672692C203230204E6F7620323032362031303A30303A3030202B303230300D0A0D0A5765206E656564203230302070756D70732E0D0A',1795000000000000,NULL);
INSERT INTO "blob" VALUES(14,X'4B2E4B388441DE9C89C6A0C1F0D00B1A6FBCA32331BB6FC9403D318F10926CFB',167,X'46726F6D3A20616E6E6140636C69656E742E6578616D706C650D0A546F3A2073616C6573406669726D2E6578616D706C650D0A5375626A6563743A204C6574746572203230310D0A4D6573736167652D49443A203C32303140636C69656E742E6578616D706C653E0D0A446174653A204672692C203230204E6F7620323032362031303A30303A3030202B303230300D0A0D0A5765206E656564203230312070756D70732E0D0A',1795000000000000,NULL);
INSERT INTO "blob" VALUES(15,X'183F4CF25FB8727235C5A8FDFA5A0731CDE019B8932042329220FC73A7A98281',16,X'46726F6D3A2062726F6B656E0D0A0D0A',1795000000000000,NULL);
INSERT INTO "blob" VALUES(16,X'0E22F62C8825CA20CE39736FFE800D5DBB1E86A179EF020B50053020CF374131',161,X'46726F6D3A20616E6E6140636C69656E742E6578616D706C650D0A546F3A2073616C6573406669726D2E6578616D706C650D0A5375626A6563743A204C657474657220370D0A4D6573736167652D49443A203C3740636C69656E742E6578616D706C653E0D0A446174653A204672692C203230204E6F7620323032362031303A30303A3030202B303230300D0A0D0A5765206E65656420372070756D70732E0D0A',1795000000000000,NULL);
INSERT INTO "blob" VALUES(17,X'0081BD8A1E4E80EA8A2B3C32372C383776F7C2536369F884F94F28C90C606B80',391,X'46726F6D3A206F6C656E61203C73616C6573406669726D2E6578616D706C653E0D0A546F3A20416E6E61203C616E6E6140636C69656E742E6578616D706C653E0D0A5375626A6563743A2052653A204C657474657220300D0A446174653A205765642C203138204E6F7620323032362031313A30363A3430202B303030300D0A4D6573736167652D49443A203C6D2E61677069626167617278336E6F62717679766F6D6D67646533697A3665796C713765406669726D2E6578616D706C653E0D0A496E2D5265706C792D546F3A203C31303040636C69656E742E6578616D706C653E0D0A5265666572656E6365733A203C3040636C69656E742E6578616D706C653E203C31303040636C69656E742E6578616D706C653E0D0A4D494D452D56657273696F6E3A20312E300D0A436F6E74656E742D547970653A20746578742F706C61696E3B20636861727365743D7574662D380D0A436F6E74656E742D5472616E736665722D456E636F64696E673A20376269740D0A0D0A57652068617665207468656D2E0D0A',1795000000000000,NULL);
CREATE TABLE boot (
	name TEXT NOT NULL, 
	started_at BIGINT NOT NULL, 
	seen_at BIGINT NOT NULL, 
	CONSTRAINT pk_boot PRIMARY KEY (name)
);
INSERT INTO "boot" VALUES('a8c74107e66cb0e4',1795000000000000,1795000000000000);
CREATE TABLE change (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	"transaction" INTEGER DEFAULT '0' NOT NULL, 
	kind TEXT NOT NULL, 
	entity_id INTEGER NOT NULL, 
	scope_id INTEGER, 
	fields JSON NOT NULL, 
	cause TEXT NOT NULL, 
	at BIGINT NOT NULL
);
INSERT INTO "change" VALUES(1,0,'mailbox.added',1,1,'{}','house',1795000000000000);
INSERT INTO "change" VALUES(2,0,'user.added',1,NULL,'{}','house',1795000000000000);
INSERT INTO "change" VALUES(3,0,'user.added',2,NULL,'{}','house',1795000000000000);
INSERT INTO "change" VALUES(4,0,'grant.added',1,1,'{"user_id":1,"team_id":null,"right":"answer"}','house',1795000000000000);
INSERT INTO "change" VALUES(5,0,'grant.added',1,1,'{"user_id":1,"team_id":null,"right":"assign"}','house',1795000000000000);
INSERT INTO "change" VALUES(6,0,'grant.added',1,1,'{"user_id":2,"team_id":null,"right":"answer"}','house',1795000000000000);
INSERT INTO "change" VALUES(7,0,'grant.added',1,1,'{"user_id":2,"team_id":null,"right":"assign"}','house',1795000000000000);
INSERT INTO "change" VALUES(8,0,'user.added',3,NULL,'{}','house',1795000000000000);
INSERT INTO "change" VALUES(9,0,'team.joined',1,NULL,'{"user_id":1}','house',1795000000000000);
INSERT INTO "change" VALUES(10,0,'grant.added',1,1,'{"user_id":null,"team_id":1,"right":"comment"}','house',1795000000000000);
INSERT INTO "change" VALUES(11,0,'grant.added',2,2,'{"user_id":2,"team_id":null,"right":"see"}','house',1795000000000000);
INSERT INTO "change" VALUES(12,0,'grant.added',2,2,'{"user_id":2,"team_id":null,"right":"comment"}','house',1795000000000000);
INSERT INTO "change" VALUES(13,0,'grant.added',2,2,'{"user_id":2,"team_id":null,"right":"answer"}','house',1795000000000000);
INSERT INTO "change" VALUES(14,0,'grant.added',2,2,'{"user_id":2,"team_id":null,"right":"assign"}','house',1795000000000000);
INSERT INTO "change" VALUES(15,0,'grant.added',2,2,'{"user_id":2,"team_id":null,"right":"manage"}','house',1795000000000000);
INSERT INTO "change" VALUES(16,0,'mailbox.added',2,2,'{}','house',1795000000000000);
INSERT INTO "change" VALUES(17,0,'counterparty.added',1,NULL,'{}','house',1795000000000000);
INSERT INTO "change" VALUES(18,0,'contact.added',1,NULL,'{"counterparty_id":1}','house',1795000000000000);
INSERT INTO "change" VALUES(19,0,'message.arrived',1882193920000001,1,'{"thread_id":1,"mailbox_id":1,"quiet":false}','letter',1795000000000000);
INSERT INTO "change" VALUES(20,0,'thread.assigned',1,1,'{"thread_id":1,"mailbox_id":1,"executor_id":1}','routing',1795000000000000);
INSERT INTO "change" VALUES(21,0,'message.arrived',1882193920000002,1,'{"thread_id":1,"mailbox_id":1,"quiet":false}','letter',1795000000000000);
INSERT INTO "change" VALUES(22,0,'message.arrived',1882193920000003,1,'{"thread_id":2,"mailbox_id":1,"quiet":false}','letter',1795000000000000);
INSERT INTO "change" VALUES(23,0,'thread.assigned',2,1,'{"thread_id":2,"mailbox_id":1,"executor_id":1}','routing',1795000000000000);
INSERT INTO "change" VALUES(24,0,'message.arrived',1882193920000004,1,'{"thread_id":2,"mailbox_id":1,"quiet":false}','letter',1795000000000000);
INSERT INTO "change" VALUES(25,0,'message.arrived',1882193920000005,1,'{"thread_id":3,"mailbox_id":1,"quiet":false}','letter',1795000000000000);
INSERT INTO "change" VALUES(26,0,'thread.assigned',3,1,'{"thread_id":3,"mailbox_id":1,"executor_id":1}','routing',1795000000000000);
INSERT INTO "change" VALUES(27,0,'message.arrived',1882193920000006,1,'{"thread_id":3,"mailbox_id":1,"quiet":false}','letter',1795000000000000);
INSERT INTO "change" VALUES(28,0,'message.arrived',1882193920000007,1,'{"thread_id":4,"mailbox_id":1,"quiet":false}','letter',1795000000000000);
INSERT INTO "change" VALUES(29,0,'thread.assigned',4,1,'{"thread_id":4,"mailbox_id":1,"executor_id":1}','routing',1795000000000000);
INSERT INTO "change" VALUES(30,0,'message.arrived',1882193920000008,1,'{"thread_id":4,"mailbox_id":1,"quiet":false}','letter',1795000000000000);
INSERT INTO "change" VALUES(31,0,'message.arrived',1882193920000009,1,'{"thread_id":5,"mailbox_id":1,"quiet":false}','letter',1795000000000000);
INSERT INTO "change" VALUES(32,0,'thread.assigned',5,1,'{"thread_id":5,"mailbox_id":1,"executor_id":1}','routing',1795000000000000);
INSERT INTO "change" VALUES(33,0,'message.arrived',1882193920000010,1,'{"thread_id":5,"mailbox_id":1,"quiet":false}','letter',1795000000000000);
INSERT INTO "change" VALUES(34,0,'message.arrived',1882193920000011,1,'{"thread_id":6,"mailbox_id":1,"quiet":false}','letter',1795000000000000);
INSERT INTO "change" VALUES(35,0,'thread.assigned',6,1,'{"thread_id":6,"mailbox_id":1,"executor_id":1}','routing',1795000000000000);
INSERT INTO "change" VALUES(36,0,'message.arrived',1882193920000012,1,'{"thread_id":6,"mailbox_id":1,"quiet":false}','letter',1795000000000000);
INSERT INTO "change" VALUES(37,0,'thread.assigned',1,1,'{"thread_id":1,"mailbox_id":1,"executor_id":2}','user 1',1795000000000000);
INSERT INTO "change" VALUES(38,0,'thread.state',2,1,'{"thread_id":2,"mailbox_id":1,"state":"closed"}','user 1',1795000000000000);
INSERT INTO "change" VALUES(39,0,'account.added',1,1,'{}','house',1795000000000000);
INSERT INTO "change" VALUES(40,0,'account.changed',1,1,'{"sends":"no"}','server',1795000000000000);
INSERT INTO "change" VALUES(41,0,'message.arrived',1882193920000013,1,'{"thread_id":7,"mailbox_id":1,"quiet":true}','letter',1795000000000000);
INSERT INTO "change" VALUES(42,0,'message.arrived',1882193920000014,1,'{"thread_id":8,"mailbox_id":1,"quiet":false}','letter',1795000000000000);
INSERT INTO "change" VALUES(43,0,'thread.assigned',8,1,'{"thread_id":8,"mailbox_id":1,"executor_id":1}','routing',1795000000000000);
INSERT INTO "change" VALUES(44,0,'letter.quarantined',15,1,'{"mailbox_id":1,"step":"parse"}','house',1795000000000000);
INSERT INTO "change" VALUES(45,0,'thread.answered',1,1,'{"thread_id":1,"mailbox_id":1,"message_id":1882193920000015}','house',1795000000000000);
INSERT INTO "change" VALUES(46,0,'suppression.added',1,NULL,'{"reason":"bounce"}','house',1795000000000000);
INSERT INTO "change" VALUES(47,0,'mailbox.changed',1,1,'{}','house',1795000000000000);
INSERT INTO "change" VALUES(48,0,'thread.state',3,1,'{"thread_id":3,"mailbox_id":1,"state":"spam"}','user 1',1795000000000000);
INSERT INTO "change" VALUES(49,0,'thread.state',3,1,'{"thread_id":3,"mailbox_id":1,"state":"open"}','user 1',1795000000000000);
INSERT INTO "change" VALUES(50,0,'account.added',2,1,'{}','house',1795000000000000);
INSERT INTO "change" VALUES(51,0,'user.added',4,NULL,'{}','house',1795000000000000);
INSERT INTO "change" VALUES(52,0,'rules.changed',1,1,'{"mailbox_id":1}','user 4',1795000000000000);
CREATE TABLE consumer (
	name TEXT NOT NULL, 
	"transaction" INTEGER DEFAULT '0' NOT NULL, 
	position INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_consumer PRIMARY KEY (name)
);
INSERT INTO "consumer" VALUES('live',0,3);
CREATE TABLE contact (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name TEXT NOT NULL, 
	name_folded TEXT NOT NULL, 
	position TEXT DEFAULT '' NOT NULL, 
	language TEXT DEFAULT '' NOT NULL, 
	created_at BIGINT NOT NULL
);
INSERT INTO "contact" VALUES(1,'Ганна Коваль','ганна коваль','','',1795000000000000);
CREATE TABLE counterparty (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name TEXT NOT NULL, 
	name_folded TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	roles JSON NOT NULL, 
	manager_id INTEGER, 
	parent_id INTEGER, 
	external_id TEXT, 
	city TEXT DEFAULT '' NOT NULL, 
	language TEXT DEFAULT '' NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT fk_counterparty_manager_id FOREIGN KEY(manager_id) REFERENCES user (id), 
	CONSTRAINT uq_counterparty_external_id UNIQUE (external_id)
);
INSERT INTO "counterparty" VALUES(1,'Ромашка ООД','ромашка оод','company','["customer"]',1,NULL,NULL,'','',1795000000000000);
CREATE TABLE counterparty_domain (
	counterparty_id INTEGER NOT NULL, 
	domain TEXT NOT NULL, 
	CONSTRAINT fk_counterparty_domain_counterparty_id FOREIGN KEY(counterparty_id) REFERENCES counterparty (id) ON DELETE CASCADE
);
INSERT INTO "counterparty_domain" VALUES(1,'client.example');
CREATE TABLE delivery (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	epoch INTEGER NOT NULL, 
	message_id INTEGER NOT NULL, 
	scope_id INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	recipient TEXT NOT NULL, 
	canonical TEXT NOT NULL, 
	domain TEXT NOT NULL, 
	return_path TEXT NOT NULL, 
	state TEXT DEFAULT 'queued' NOT NULL, 
	attempts INTEGER DEFAULT '0' NOT NULL, 
	repeats INTEGER DEFAULT '0' NOT NULL, 
	boot TEXT, 
	fence INTEGER DEFAULT '0' NOT NULL, 
	handed_at BIGINT, 
	next_at BIGINT NOT NULL, 
	reply_code INTEGER DEFAULT '0' NOT NULL, 
	reply_status TEXT DEFAULT '' NOT NULL, 
	reply_text TEXT DEFAULT '' NOT NULL, 
	created_at BIGINT NOT NULL, 
	changed_at BIGINT NOT NULL, server TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT fk_delivery_message_id FOREIGN KEY(message_id) REFERENCES message (id), 
	CONSTRAINT fk_delivery_scope_id FOREIGN KEY(scope_id) REFERENCES scope (id), 
	CONSTRAINT uq_delivery_message_id_canonical UNIQUE (message_id, canonical)
);
INSERT INTO "delivery" VALUES(1,1,1882193920000015,1,'personal','anna@client.example','anna@client.example','client.example','sales@firm.example','queued',0,0,NULL,0,NULL,0,0,'','',1795000000000000,1795000000000000,'');
CREATE TABLE folder (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	account_id INTEGER NOT NULL, 
	wire TEXT NOT NULL, 
	name TEXT NOT NULL, 
	role TEXT NOT NULL, 
	followed INTEGER DEFAULT '1' NOT NULL, 
	uidvalidity INTEGER DEFAULT '0' NOT NULL, 
	last_uid INTEGER DEFAULT '0' NOT NULL, 
	quiet_below INTEGER DEFAULT '0' NOT NULL, 
	quiet_before BIGINT, 
	highest_modseq INTEGER DEFAULT '0' NOT NULL, 
	server_count INTEGER DEFAULT '0' NOT NULL, 
	resets INTEGER DEFAULT '0' NOT NULL, 
	resets_since BIGINT, 
	looked_at BIGINT, 
	compared_at BIGINT, 
	look_now INTEGER DEFAULT '0' NOT NULL, 
	error TEXT DEFAULT '' NOT NULL, 
	gone_at BIGINT, 
	CONSTRAINT fk_folder_account_id FOREIGN KEY(account_id) REFERENCES account (id) ON DELETE CASCADE
);
INSERT INTO "folder" VALUES(1,1,'INBOX','INBOX','inbox',1,100,1,2,NULL,0,1,0,NULL,1795000000000000,NULL,0,'',NULL);
CREATE TABLE incoming (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	blob_id INTEGER NOT NULL, 
	mailbox_id INTEGER NOT NULL, 
	scope_id INTEGER NOT NULL, 
	source TEXT NOT NULL, 
	direction TEXT DEFAULT 'in' NOT NULL, 
	trace JSON NOT NULL, 
	received_at BIGINT NOT NULL, 
	resend_key BLOB, 
	state TEXT DEFAULT 'waiting' NOT NULL, 
	quiet INTEGER DEFAULT '0' NOT NULL, 
	step TEXT DEFAULT '' NOT NULL, 
	error TEXT DEFAULT '' NOT NULL, 
	tries INTEGER DEFAULT '0' NOT NULL, 
	message_id INTEGER, 
	CONSTRAINT fk_incoming_blob_id FOREIGN KEY(blob_id) REFERENCES blob (id), 
	CONSTRAINT fk_incoming_mailbox_id FOREIGN KEY(mailbox_id) REFERENCES mailbox (id), 
	CONSTRAINT fk_incoming_scope_id FOREIGN KEY(scope_id) REFERENCES scope (id)
);
INSERT INTO "incoming" VALUES(1,1,1,1,'smtp','in','{"mail_from":"anna@client.example"}',1795000000000000,NULL,'done',0,'','',0,1882193920000001);
INSERT INTO "incoming" VALUES(2,2,1,1,'smtp','in','{"mail_from":"anna@client.example"}',1795000000000000,NULL,'done',0,'','',0,1882193920000002);
INSERT INTO "incoming" VALUES(3,3,1,1,'smtp','in','{"mail_from":"anna@client.example"}',1795000000000000,NULL,'done',0,'','',0,1882193920000003);
INSERT INTO "incoming" VALUES(4,4,1,1,'smtp','in','{"mail_from":"anna@client.example"}',1795000000000000,NULL,'done',0,'','',0,1882193920000004);
INSERT INTO "incoming" VALUES(5,5,1,1,'smtp','in','{"mail_from":"anna@client.example"}',1795000000000000,NULL,'done',0,'','',0,1882193920000005);
INSERT INTO "incoming" VALUES(6,6,1,1,'smtp','in','{"mail_from":"anna@client.example"}',1795000000000000,NULL,'done',0,'','',0,1882193920000006);
INSERT INTO "incoming" VALUES(7,7,1,1,'smtp','in','{"mail_from":"anna@client.example"}',1795000000000000,NULL,'done',0,'','',0,1882193920000007);
INSERT INTO "incoming" VALUES(8,8,1,1,'smtp','in','{"mail_from":"anna@client.example"}',1795000000000000,NULL,'done',0,'','',0,1882193920000008);
INSERT INTO "incoming" VALUES(9,9,1,1,'smtp','in','{"mail_from":"anna@client.example"}',1795000000000000,NULL,'done',0,'','',0,1882193920000009);
INSERT INTO "incoming" VALUES(10,10,1,1,'smtp','in','{"mail_from":"anna@client.example"}',1795000000000000,NULL,'done',0,'','',0,1882193920000010);
INSERT INTO "incoming" VALUES(11,11,1,1,'smtp','in','{"mail_from":"anna@client.example"}',1795000000000000,NULL,'done',0,'','',0,1882193920000011);
INSERT INTO "incoming" VALUES(12,12,1,1,'smtp','in','{"mail_from":"anna@client.example"}',1795000000000000,NULL,'done',0,'','',0,1882193920000012);
INSERT INTO "incoming" VALUES(13,13,1,1,'imap','in','{"account":1,"folder":"INBOX","role":"inbox","uid":1}',1795000000000000,NULL,'done',1,'','',0,1882193920000013);
INSERT INTO "incoming" VALUES(14,14,1,1,'smtp','in','{"mail_from":"anna@client.example"}',1795000000000000,NULL,'done',0,'','',0,1882193920000014);
INSERT INTO "incoming" VALUES(15,15,1,1,'smtp','in','{"mail_from":"anna@client.example"}',1795000000000000,NULL,'quarantined',0,'parse','The letter cannot be read.',1,NULL);
INSERT INTO "incoming" VALUES(16,16,1,1,'smtp','in','{"mail_from":"anna@client.example"}',1795000000000000,NULL,'waiting',0,'','',0,NULL);
CREATE TABLE interaction (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind TEXT NOT NULL, 
	counterparty_id INTEGER NOT NULL, 
	contact_id INTEGER, 
	scope_id INTEGER NOT NULL, 
	happened_at BIGINT NOT NULL, 
	direction TEXT DEFAULT '' NOT NULL, 
	subject TEXT DEFAULT '' NOT NULL, 
	thread_id INTEGER, 
	message_id INTEGER, 
	executor_id INTEGER, 
	counts INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT fk_interaction_contact_id FOREIGN KEY(contact_id) REFERENCES contact (id), 
	CONSTRAINT fk_interaction_counterparty_id FOREIGN KEY(counterparty_id) REFERENCES counterparty (id), 
	CONSTRAINT fk_interaction_scope_id FOREIGN KEY(scope_id) REFERENCES scope (id)
);
INSERT INTO "interaction" VALUES(1,'letter',1,1,1,1795000000000000,'in','Letter 0',1,1882193920000001,2,1);
INSERT INTO "interaction" VALUES(2,'letter',1,1,1,1795000000000000,'in','Re: Letter 0',1,1882193920000002,2,1);
INSERT INTO "interaction" VALUES(3,'letter',1,1,1,1795000000000000,'in','Letter 1',2,1882193920000003,1,1);
INSERT INTO "interaction" VALUES(4,'letter',1,1,1,1795000000000000,'in','Re: Letter 1',2,1882193920000004,1,1);
INSERT INTO "interaction" VALUES(5,'letter',1,1,1,1795000000000000,'in','Letter 2',3,1882193920000005,1,1);
INSERT INTO "interaction" VALUES(6,'letter',1,1,1,1795000000000000,'in','Re: Letter 2',3,1882193920000006,1,1);
INSERT INTO "interaction" VALUES(7,'letter',1,1,1,1795000000000000,'in','Letter 3',4,1882193920000007,1,1);
INSERT INTO "interaction" VALUES(8,'letter',1,1,1,1795000000000000,'in','Re: Letter 3',4,1882193920000008,1,1);
INSERT INTO "interaction" VALUES(9,'letter',1,1,1,1795000000000000,'in','Letter 4',5,1882193920000009,1,1);
INSERT INTO "interaction" VALUES(10,'letter',1,1,1,1795000000000000,'in','Re: Letter 4',5,1882193920000010,1,1);
INSERT INTO "interaction" VALUES(11,'letter',1,1,1,1795000000000000,'in','Letter 5',6,1882193920000011,1,1);
INSERT INTO "interaction" VALUES(12,'letter',1,1,1,1795000000000000,'in','Re: Letter 5',6,1882193920000012,1,1);
INSERT INTO "interaction" VALUES(13,'letter',1,1,1,1795000000000000,'in','Letter 200',7,1882193920000013,NULL,1);
INSERT INTO "interaction" VALUES(14,'letter',1,1,1,1795000000000000,'in','Letter 201',8,1882193920000014,1,1);
INSERT INTO "interaction" VALUES(15,'letter',1,1,1,1795000000000000,'out','Re: Letter 0',1,1882193920000015,2,1);
CREATE TABLE job (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind TEXT NOT NULL, 
	payload JSON NOT NULL, 
	run_at BIGINT NOT NULL, 
	dedupe_key TEXT, 
	tries INTEGER DEFAULT '0' NOT NULL, 
	boot TEXT, 
	fence INTEGER DEFAULT '0' NOT NULL, 
	error TEXT, 
	dead_at BIGINT, 
	created_at BIGINT NOT NULL, deaths INTEGER DEFAULT '0' NOT NULL, lone_deaths INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT uq_job_dedupe_key UNIQUE (dedupe_key)
);
INSERT INTO "job" VALUES(1,'addresses.moved','{"addresses":["office@client.example"]}',0,NULL,0,NULL,0,NULL,NULL,1795000000000000,0,0);
INSERT INTO "job" VALUES(2,'addresses.moved','{"addresses":["anna@client.example"]}',0,NULL,0,NULL,0,NULL,NULL,1795000000000000,0,0);
INSERT INTO "job" VALUES(18,'letter.process','{"incoming_id":16}',0,NULL,0,NULL,0,NULL,NULL,1795000000000000,0,0);
CREATE TABLE known_sender (
	mailbox_id INTEGER NOT NULL, 
	address TEXT NOT NULL, 
	junk INTEGER NOT NULL, 
	user_id INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	CONSTRAINT pk_known_sender PRIMARY KEY (mailbox_id, address), 
	CONSTRAINT fk_known_sender_user_id FOREIGN KEY(user_id) REFERENCES user (id)
);
INSERT INTO "known_sender" VALUES(1,'anna@client.example',0,1,1795000000000000);
CREATE TABLE letter (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	fingerprint BLOB NOT NULL, 
	message_id TEXT DEFAULT '' NOT NULL, 
	subject TEXT DEFAULT '' NOT NULL, 
	from_name TEXT DEFAULT '' NOT NULL, 
	from_address TEXT DEFAULT '' NOT NULL, 
	from_trusted TEXT, 
	kind TEXT NOT NULL, 
	language TEXT, 
	sent_at BIGINT, 
	excerpt TEXT DEFAULT '' NOT NULL, 
	parsed JSON NOT NULL, 
	CONSTRAINT uq_letter_fingerprint UNIQUE (fingerprint)
);
INSERT INTO "letter" VALUES(1,X'B10EBD37DAFB4CD57248FB3D29AB74F1CD5A4168AFC0BE34415624334AD2DC9D','0@client.example','Letter 0','','anna@client.example','anna@client.example','letter',NULL,1795161600000000,'We need 0 pumps.','{"from":[{"name":"","address":"anna@client.example"}],"sender":[],"reply_to":[],"to":[{"name":"","address":"sales@firm.example"}],"cc":[],"text":"We need 0 pumps.\n","reply_text":"We need 0 pumps.","has_html":false,"attachments":[],"list_id":null,"auto_submitted":null,"defects":[],"error":null}');
INSERT INTO "letter" VALUES(2,X'2D2DA39693B0B4774A8A8E1950F40544654325D98C6026AB93AC2679D04BFE34','100@client.example','Re: Letter 0','','anna@client.example','anna@client.example','letter',NULL,1795161600000000,'We need 100 pumps.','{"from":[{"name":"","address":"anna@client.example"}],"sender":[],"reply_to":[],"to":[{"name":"","address":"sales@firm.example"}],"cc":[],"text":"We need 100 pumps.\n","reply_text":"We need 100 pumps.","has_html":false,"attachments":[],"list_id":null,"auto_submitted":null,"defects":[],"error":null}');
INSERT INTO "letter" VALUES(3,X'90DBD1FB23F2DD629B067E0E38F54D2E1F83AE5DAC1E6E2B51D162E1C71C122E','1@client.example','Letter 1','','anna@client.example','anna@client.example','letter',NULL,1795161600000000,'We need 1 pumps.','{"from":[{"name":"","address":"anna@client.example"}],"sender":[],"reply_to":[],"to":[{"name":"","address":"sales@firm.example"}],"cc":[],"text":"We need 1 pumps.\n","reply_text":"We need 1 pumps.","has_html":false,"attachments":[],"list_id":null,"auto_submitted":null,"defects":[],"error":null}');
INSERT INTO "letter" VALUES(4,X'FEDD855D57A9DA1B5B5065472AB3D480E672EEECECD7740BDB37B5E0FCD9E3CF','101@client.example','Re: Letter 1','','anna@client.example','anna@client.example','letter',NULL,1795161600000000,'We need 101 pumps.','{"from":[{"name":"","address":"anna@client.example"}],"sender":[],"reply_to":[],"to":[{"name":"","address":"sales@firm.example"}],"cc":[],"text":"We need 101 pumps.\n","reply_text":"We need 101 pumps.","has_html":false,"attachments":[],"list_id":null,"auto_submitted":null,"defects":[],"error":null}');
INSERT INTO "letter" VALUES(5,X'D1DF3D11414804E4FB355F701E787CE5912E3ED9B384251EFE708A8614AFBFF2','2@client.example','Letter 2','','anna@client.example','anna@client.example','letter',NULL,1795161600000000,'We need 2 pumps.','{"from":[{"name":"","address":"anna@client.example"}],"sender":[],"reply_to":[],"to":[{"name":"","address":"sales@firm.example"}],"cc":[],"text":"We need 2 pumps.\n","reply_text":"We need 2 pumps.","has_html":false,"attachments":[],"list_id":null,"auto_submitted":null,"defects":[],"error":null}');
INSERT INTO "letter" VALUES(6,X'6A6D7203DB4D1531E0117AA3DB752C0AD0771CC52107F26B2515D18D949EDFDF','102@client.example','Re: Letter 2','','anna@client.example','anna@client.example','letter',NULL,1795161600000000,'We need 102 pumps.','{"from":[{"name":"","address":"anna@client.example"}],"sender":[],"reply_to":[],"to":[{"name":"","address":"sales@firm.example"}],"cc":[],"text":"We need 102 pumps.\n","reply_text":"We need 102 pumps.","has_html":false,"attachments":[],"list_id":null,"auto_submitted":null,"defects":[],"error":null}');
INSERT INTO "letter" VALUES(7,X'1CE29893789DC6CF0005D52AAB0A17A208165DE8E012792EE68C7276FBA969C0','3@client.example','Letter 3','','anna@client.example','anna@client.example','letter',NULL,1795161600000000,'We need 3 pumps.','{"from":[{"name":"","address":"anna@client.example"}],"sender":[],"reply_to":[],"to":[{"name":"","address":"sales@firm.example"}],"cc":[],"text":"We need 3 pumps.\n","reply_text":"We need 3 pumps.","has_html":false,"attachments":[],"list_id":null,"auto_submitted":null,"defects":[],"error":null}');
INSERT INTO "letter" VALUES(8,X'D2B964830BBA511574F1D6D892EC6DB8BBC8DDC9D75CDEA9B73D45D24852532E','103@client.example','Re: Letter 3','','anna@client.example','anna@client.example','letter',NULL,1795161600000000,'We need 103 pumps.','{"from":[{"name":"","address":"anna@client.example"}],"sender":[],"reply_to":[],"to":[{"name":"","address":"sales@firm.example"}],"cc":[],"text":"We need 103 pumps.\n","reply_text":"We need 103 pumps.","has_html":false,"attachments":[],"list_id":null,"auto_submitted":null,"defects":[],"error":null}');
INSERT INTO "letter" VALUES(9,X'46A05E4C490759ED15701F81B7A85EA7968D43CF7715726FA9095A66D5FE6380','4@client.example','Letter 4','','anna@client.example','anna@client.example','letter',NULL,1795161600000000,'We need 4 pumps.','{"from":[{"name":"","address":"anna@client.example"}],"sender":[],"reply_to":[],"to":[{"name":"","address":"sales@firm.example"}],"cc":[],"text":"We need 4 pumps.\n","reply_text":"We need 4 pumps.","has_html":false,"attachments":[],"list_id":null,"auto_submitted":null,"defects":[],"error":null}');
INSERT INTO "letter" VALUES(10,X'4E3635AAB683AB764559E6D9AF2F6F138E98EE5F59260CF03015408CD06C7D11','104@client.example','Re: Letter 4','','anna@client.example','anna@client.example','letter',NULL,1795161600000000,'We need 104 pumps.','{"from":[{"name":"","address":"anna@client.example"}],"sender":[],"reply_to":[],"to":[{"name":"","address":"sales@firm.example"}],"cc":[],"text":"We need 104 pumps.\n","reply_text":"We need 104 pumps.","has_html":false,"attachments":[],"list_id":null,"auto_submitted":null,"defects":[],"error":null}');
INSERT INTO "letter" VALUES(11,X'A1C8A844CBB1A462EC439247680D809743955F3362B43E91A409D8947472C738','5@client.example','Letter 5','','anna@client.example','anna@client.example','letter',NULL,1795161600000000,'We need 5 pumps.','{"from":[{"name":"","address":"anna@client.example"}],"sender":[],"reply_to":[],"to":[{"name":"","address":"sales@firm.example"}],"cc":[],"text":"We need 5 pumps.\n","reply_text":"We need 5 pumps.","has_html":false,"attachments":[],"list_id":null,"auto_submitted":null,"defects":[],"error":null}');
INSERT INTO "letter" VALUES(12,X'F6EFD9DF59D8078E6ADB805302643377E25EDABEB6CF2AB677068509B698CFF5','105@client.example','Re: Letter 5','','anna@client.example','anna@client.example','letter',NULL,1795161600000000,'We need 105 pumps.','{"from":[{"name":"","address":"anna@client.example"}],"sender":[],"reply_to":[],"to":[{"name":"","address":"sales@firm.example"}],"cc":[],"text":"We need 105 pumps.\n","reply_text":"We need 105 pumps.","has_html":false,"attachments":[],"list_id":null,"auto_submitted":null,"defects":[],"error":null}');
INSERT INTO "letter" VALUES(13,X'1E5648BDA60A4D7A2424D792092A1118825F4E588DA9E1C078345B9FB3EC3EC2','200@client.example','Letter 200','','anna@client.example','anna@client.example','letter',NULL,1795161600000000,'We need 200 pumps.','{"from":[{"name":"","address":"anna@client.example"}],"sender":[],"reply_to":[],"to":[{"name":"","address":"sales@firm.example"}],"cc":[],"text":"We need 200 pumps.\n","reply_text":"We need 200 pumps.","has_html":false,"attachments":[],"list_id":null,"auto_submitted":null,"defects":[],"error":null}');
INSERT INTO "letter" VALUES(14,X'AB97E6278278486BE0470D7DAEAA3AF8FC8344F535C2440B16C34499C1EAA440','201@client.example','Letter 201','','anna@client.example','anna@client.example','letter',NULL,1795161600000000,'We need 201 pumps.','{"from":[{"name":"","address":"anna@client.example"}],"sender":[],"reply_to":[],"to":[{"name":"","address":"sales@firm.example"}],"cc":[],"text":"We need 201 pumps.\n","reply_text":"We need 201 pumps.","has_html":false,"attachments":[],"list_id":null,"auto_submitted":null,"defects":[],"error":null}');
INSERT INTO "letter" VALUES(15,X'C54511FA4AA23A104F119285960ED37FFE66E322BC1BC5F5D49347C8ED280863','m.agpibagarx3nobqvyvommgde3iz6eylq7e@firm.example','Re: Letter 0','olena','sales@firm.example','sales@firm.example','letter','en',1795000000000000,'We have them.','{"from":[{"name":"olena","address":"sales@firm.example"}],"sender":[],"reply_to":[],"to":[{"name":"Anna","address":"anna@client.example"}],"cc":[],"text":"We have them.\n","reply_text":"We have them.","has_html":false,"attachments":[],"list_id":null,"auto_submitted":null,"defects":[],"error":null}');
CREATE TABLE letter_facts (
	counterparty_id INTEGER NOT NULL, 
	scope_id INTEGER NOT NULL, 
	last_in BIGINT, 
	last_out BIGINT, 
	waiting_since BIGINT, 
	letters INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_letter_facts PRIMARY KEY (counterparty_id, scope_id)
);
INSERT INTO "letter_facts" VALUES(1,1,1795000000000000,1795000000000000,1795000000000000,15);
CREATE TABLE letter_html (
	letter_id INTEGER NOT NULL, 
	variant TEXT NOT NULL, 
	policy TEXT NOT NULL, 
	html TEXT NOT NULL, 
	facts JSON NOT NULL, 
	CONSTRAINT pk_letter_html PRIMARY KEY (letter_id, variant)
);
INSERT INTO "letter_html" VALUES(1,'plain','1/nh3-0.3.8','<p>We need pumps.</p>','{}');
CREATE TABLE letter_reference (
	letter_id INTEGER NOT NULL, 
	place INTEGER NOT NULL, 
	message_id TEXT NOT NULL, 
	CONSTRAINT pk_letter_reference PRIMARY KEY (letter_id, message_id)
);
INSERT INTO "letter_reference" VALUES(2,0,'0@client.example');
INSERT INTO "letter_reference" VALUES(4,0,'1@client.example');
INSERT INTO "letter_reference" VALUES(6,0,'2@client.example');
INSERT INTO "letter_reference" VALUES(8,0,'3@client.example');
INSERT INTO "letter_reference" VALUES(10,0,'4@client.example');
INSERT INTO "letter_reference" VALUES(12,0,'5@client.example');
INSERT INTO "letter_reference" VALUES(15,0,'100@client.example');
INSERT INTO "letter_reference" VALUES(15,1,'0@client.example');
CREATE TABLE letter_words (
	letter_id INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	subject TEXT NOT NULL, 
	people TEXT NOT NULL, 
	body TEXT NOT NULL, 
	CONSTRAINT pk_letter_words PRIMARY KEY (letter_id)
);
INSERT INTO "letter_words" VALUES(1,1,'letter 0','anna client example sales firm example','we need 0 pumps');
INSERT INTO "letter_words" VALUES(2,1,'re letter 0','anna client example sales firm example','we need 100 pumps');
INSERT INTO "letter_words" VALUES(3,1,'letter 1','anna client example sales firm example','we need 1 pumps');
INSERT INTO "letter_words" VALUES(4,1,'re letter 1','anna client example sales firm example','we need 101 pumps');
INSERT INTO "letter_words" VALUES(5,1,'letter 2','anna client example sales firm example','we need 2 pumps');
INSERT INTO "letter_words" VALUES(6,1,'re letter 2','anna client example sales firm example','we need 102 pumps');
INSERT INTO "letter_words" VALUES(7,1,'letter 3','anna client example sales firm example','we need 3 pumps');
INSERT INTO "letter_words" VALUES(8,1,'re letter 3','anna client example sales firm example','we need 103 pumps');
INSERT INTO "letter_words" VALUES(9,1,'letter 4','anna client example sales firm example','we need 4 pumps');
INSERT INTO "letter_words" VALUES(10,1,'re letter 4','anna client example sales firm example','we need 104 pumps');
INSERT INTO "letter_words" VALUES(11,1,'letter 5','anna client example sales firm example','we need 5 pumps');
INSERT INTO "letter_words" VALUES(12,1,'re letter 5','anna client example sales firm example','we need 105 pumps');
INSERT INTO "letter_words" VALUES(13,1,'letter 200','anna client example sales firm example','we need 200 pumps');
INSERT INTO "letter_words" VALUES(14,1,'letter 201','anna client example sales firm example','we need 201 pumps');
INSERT INTO "letter_words" VALUES(15,1,'re letter 0','olena sales firm example anna anna client example','we have them');
CREATE TABLE mailbox (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	scope_id INTEGER NOT NULL, 
	address TEXT NOT NULL, 
	name TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	owner_id INTEGER, 
	colour INTEGER DEFAULT '0' NOT NULL, 
	way TEXT DEFAULT 'manager' NOT NULL, 
	default_executor_id INTEGER, 
	answer_hours INTEGER DEFAULT '8' NOT NULL, 
	created_at BIGINT NOT NULL, rules INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT fk_mailbox_default_executor_id FOREIGN KEY(default_executor_id) REFERENCES user (id), 
	CONSTRAINT fk_mailbox_owner_id FOREIGN KEY(owner_id) REFERENCES user (id), 
	CONSTRAINT fk_mailbox_scope_id FOREIGN KEY(scope_id) REFERENCES scope (id), 
	CONSTRAINT uq_mailbox_address UNIQUE (address)
);
INSERT INTO "mailbox" VALUES(1,1,'sales@firm.example','Sales','public',NULL,0,'round_robin',NULL,8,1795000000000000,1);
INSERT INTO "mailbox" VALUES(2,2,'petro@firm.example','Petro','personal',2,1,'manager',NULL,8,1795000000000000,0);
CREATE TABLE mailbox_address (
	address TEXT NOT NULL, 
	mailbox_id INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	CONSTRAINT pk_mailbox_address PRIMARY KEY (address), 
	CONSTRAINT fk_mailbox_address_mailbox_id FOREIGN KEY(mailbox_id) REFERENCES mailbox (id) ON DELETE CASCADE
);
INSERT INTO "mailbox_address" VALUES('sales@firm.example',1,'own');
INSERT INTO "mailbox_address" VALUES('info@firm.example',1,'alias');
INSERT INTO "mailbox_address" VALUES('@firm.example',1,'catch-all');
INSERT INTO "mailbox_address" VALUES('petro@firm.example',2,'own');
CREATE TABLE mark (
	name TEXT NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_mark PRIMARY KEY (name)
);
INSERT INTO "mark" VALUES('instance','f5b165224a58b791');
INSERT INTO "mark" VALUES('epoch','1');
CREATE TABLE membership (
	team_id INTEGER NOT NULL, 
	user_id INTEGER NOT NULL, 
	CONSTRAINT pk_membership PRIMARY KEY (team_id, user_id)
);
INSERT INTO "membership" VALUES(1,1);
CREATE TABLE message (
	id INTEGER NOT NULL, 
	letter_id INTEGER NOT NULL, 
	mailbox_id INTEGER NOT NULL, 
	scope_id INTEGER NOT NULL, 
	thread_id INTEGER NOT NULL, 
	home_id INTEGER NOT NULL, 
	split_id INTEGER, 
	blob_id INTEGER NOT NULL, 
	direction TEXT NOT NULL, 
	spam INTEGER DEFAULT '0' NOT NULL, 
	quiet INTEGER DEFAULT '0' NOT NULL, 
	dated_at BIGINT NOT NULL, 
	received_at BIGINT NOT NULL, 
	trace JSON NOT NULL, 
	authentication JSON, fate TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT pk_message PRIMARY KEY (id), 
	CONSTRAINT fk_message_blob_id FOREIGN KEY(blob_id) REFERENCES blob (id), 
	CONSTRAINT fk_message_letter_id FOREIGN KEY(letter_id) REFERENCES letter (id), 
	CONSTRAINT fk_message_mailbox_id FOREIGN KEY(mailbox_id) REFERENCES mailbox (id), 
	CONSTRAINT fk_message_scope_id FOREIGN KEY(scope_id) REFERENCES scope (id), 
	CONSTRAINT fk_message_thread_id FOREIGN KEY(thread_id) REFERENCES thread (id)
);
INSERT INTO "message" VALUES(1882193920000001,1,1,1,1,1,NULL,1,'in',0,0,1795000000000000,1795000000000000,'{"mail_from":"anna@client.example"}',NULL,'');
INSERT INTO "message" VALUES(1882193920000002,2,1,1,1,1,NULL,2,'in',0,0,1795000000000000,1795000000000000,'{"mail_from":"anna@client.example"}',NULL,'');
INSERT INTO "message" VALUES(1882193920000003,3,1,1,2,2,NULL,3,'in',0,0,1795000000000000,1795000000000000,'{"mail_from":"anna@client.example"}',NULL,'');
INSERT INTO "message" VALUES(1882193920000004,4,1,1,2,2,NULL,4,'in',0,0,1795000000000000,1795000000000000,'{"mail_from":"anna@client.example"}',NULL,'');
INSERT INTO "message" VALUES(1882193920000005,5,1,1,3,3,NULL,5,'in',0,0,1795000000000000,1795000000000000,'{"mail_from":"anna@client.example"}',NULL,'');
INSERT INTO "message" VALUES(1882193920000006,6,1,1,3,3,NULL,6,'in',0,0,1795000000000000,1795000000000000,'{"mail_from":"anna@client.example"}',NULL,'');
INSERT INTO "message" VALUES(1882193920000007,7,1,1,4,4,NULL,7,'in',0,0,1795000000000000,1795000000000000,'{"mail_from":"anna@client.example"}',NULL,'');
INSERT INTO "message" VALUES(1882193920000008,8,1,1,4,4,NULL,8,'in',0,0,1795000000000000,1795000000000000,'{"mail_from":"anna@client.example"}',NULL,'');
INSERT INTO "message" VALUES(1882193920000009,9,1,1,5,5,NULL,9,'in',0,0,1795000000000000,1795000000000000,'{"mail_from":"anna@client.example"}',NULL,'');
INSERT INTO "message" VALUES(1882193920000010,10,1,1,5,5,NULL,10,'in',0,0,1795000000000000,1795000000000000,'{"mail_from":"anna@client.example"}',NULL,'');
INSERT INTO "message" VALUES(1882193920000011,11,1,1,6,6,NULL,11,'in',0,0,1795000000000000,1795000000000000,'{"mail_from":"anna@client.example"}',NULL,'');
INSERT INTO "message" VALUES(1882193920000012,12,1,1,6,6,NULL,12,'in',0,0,1795000000000000,1795000000000000,'{"mail_from":"anna@client.example"}',NULL,'');
INSERT INTO "message" VALUES(1882193920000013,13,1,1,7,7,NULL,13,'in',0,1,1795000000000000,1795000000000000,'{"account":1,"folder":"INBOX","role":"inbox","uid":1}',NULL,'');
INSERT INTO "message" VALUES(1882193920000014,14,1,1,8,8,NULL,14,'in',0,0,1795000000000000,1795000000000000,'{"mail_from":"anna@client.example"}',NULL,'');
INSERT INTO "message" VALUES(1882193920000015,15,1,1,1,1,NULL,17,'out',0,0,1795000000000000,1795000000000000,'{"by":1}',NULL,'');
CREATE TABLE not_a_client (
	address TEXT NOT NULL, 
	decided_at BIGINT NOT NULL, 
	"by" TEXT, 
	CONSTRAINT pk_not_a_client PRIMARY KEY (address)
);
INSERT INTO "not_a_client" VALUES('news@shop.example',1795000000000000,'olena@firm.example');
CREATE TABLE party_address (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	address TEXT NOT NULL, 
	contact_id INTEGER, 
	counterparty_id INTEGER, 
	CONSTRAINT fk_party_address_contact_id FOREIGN KEY(contact_id) REFERENCES contact (id), 
	CONSTRAINT fk_party_address_counterparty_id FOREIGN KEY(counterparty_id) REFERENCES counterparty (id)
);
INSERT INTO "party_address" VALUES(1,'office@client.example',NULL,1);
INSERT INTO "party_address" VALUES(2,'anna@client.example',1,NULL);
CREATE TABLE placement (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	folder_id INTEGER NOT NULL, 
	uidvalidity INTEGER NOT NULL, 
	uid INTEGER NOT NULL, 
	flags TEXT DEFAULT '' NOT NULL, 
	blob_id INTEGER, 
	incoming_id INTEGER, 
	message_id INTEGER, 
	error TEXT DEFAULT '' NOT NULL, 
	tries INTEGER DEFAULT '0' NOT NULL, 
	placed_at BIGINT NOT NULL, 
	missing_at BIGINT, 
	gone_at BIGINT, 
	CONSTRAINT fk_placement_blob_id FOREIGN KEY(blob_id) REFERENCES blob (id), 
	CONSTRAINT fk_placement_folder_id FOREIGN KEY(folder_id) REFERENCES folder (id) ON DELETE CASCADE
);
INSERT INTO "placement" VALUES(1,1,100,1,'\Seen',13,13,1882193920000013,'',1,1795000000000000,NULL,NULL);
CREATE TABLE rate_limit (
	"key" TEXT NOT NULL, 
	arrival BIGINT NOT NULL, 
	CONSTRAINT pk_rate_limit PRIMARY KEY ("key")
);
INSERT INTO "rate_limit" VALUES('sign-in 192.0.2.1',1795000012000000);
CREATE TABLE request_once (
	user_id INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	route TEXT NOT NULL, 
	body_hash BLOB NOT NULL, 
	answer BLOB NOT NULL, 
	at BIGINT NOT NULL, 
	CONSTRAINT pk_request_once PRIMARY KEY (user_id, "key")
);
INSERT INTO "request_once" VALUES(1,'k1','POST /threads/1/reply',X'0000000000000000000000000000000000000000000000000000000000000000',X'7B7D',1795000000000000);
CREATE TABLE rule (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	mailbox_id INTEGER NOT NULL, 
	place INTEGER NOT NULL, 
	active INTEGER DEFAULT '0' NOT NULL, 
	version INTEGER NOT NULL, 
	created_at BIGINT NOT NULL, 
	deleted_at BIGINT, 
	CONSTRAINT fk_rule_mailbox_id FOREIGN KEY(mailbox_id) REFERENCES mailbox (id)
);
INSERT INTO "rule" VALUES(1,1,1,1,1,1795000000000000,NULL);
CREATE TABLE rule_version (
	rule_id INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	condition JSON NOT NULL, 
	actions JSON NOT NULL, 
	zone TEXT NOT NULL, 
	user_id INTEGER, 
	at BIGINT NOT NULL, 
	CONSTRAINT pk_rule_version PRIMARY KEY (rule_id, version), 
	CONSTRAINT fk_rule_version_user_id FOREIGN KEY(user_id) REFERENCES user (id)
);
INSERT INTO "rule_version" VALUES(1,1,'Pumps','{"version":1,"all":[{"field":"subject","op":"contains","value":"pumps"}]}','[{"assign":{"user_id":1}}]','Europe/Kyiv',4,1795000000000000);
CREATE TABLE scope (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind TEXT NOT NULL
);
INSERT INTO "scope" VALUES(1,'public');
INSERT INTO "scope" VALUES(2,'personal');
CREATE TABLE session (
	"key" BLOB NOT NULL, 
	user_id INTEGER NOT NULL, 
	created_at BIGINT NOT NULL, 
	seen_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	peer TEXT DEFAULT '' NOT NULL, 
	agent TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT pk_session PRIMARY KEY ("key"), 
	CONSTRAINT fk_session_user_id FOREIGN KEY(user_id) REFERENCES user (id)
);
INSERT INTO "session" VALUES(X'96FC214DB1A273D3E33F218351DDC624B98969CEFA23FC0557C58F6A9675446A',1,1795000000000000,1795000000000000,1800184000000000,'192.0.2.1','x');
CREATE TABLE suppression (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	address_hash BLOB NOT NULL, 
	reason TEXT NOT NULL, 
	detail TEXT DEFAULT '' NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT uq_suppression_address_hash_reason UNIQUE (address_hash, reason)
);
INSERT INTO "suppression" VALUES(1,X'5E858CA3B54B302A7551D7C6345C81C90521B26928ABC28B21900F630FB2E11F','bounce','550 5.1.1',1795000000000000);
CREATE TABLE team (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name TEXT NOT NULL, 
	CONSTRAINT uq_team_name UNIQUE (name)
);
INSERT INTO "team" VALUES(1,'Sales');
CREATE TABLE thread (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	mailbox_id INTEGER NOT NULL, 
	scope_id INTEGER NOT NULL, 
	subject TEXT DEFAULT '' NOT NULL, 
	subject_base TEXT DEFAULT '' NOT NULL, 
	who TEXT DEFAULT '' NOT NULL, 
	who_address TEXT DEFAULT '' NOT NULL, 
	snippet TEXT DEFAULT '' NOT NULL, 
	language TEXT DEFAULT '' NOT NULL, 
	counterparty_id INTEGER, 
	contact_id INTEGER, 
	state TEXT DEFAULT 'open' NOT NULL, 
	waiting_for TEXT, 
	waiting_since BIGINT, 
	due_at BIGINT, 
	executor_id INTEGER, 
	message_count INTEGER DEFAULT '0' NOT NULL, 
	attachment_count INTEGER DEFAULT '0' NOT NULL, 
	last_message_at BIGINT NOT NULL, 
	last_message_id INTEGER DEFAULT '0' NOT NULL, 
	last_in_id INTEGER DEFAULT '0' NOT NULL, 
	version INTEGER DEFAULT '0' NOT NULL, 
	"match" JSON NOT NULL, 
	begun_at BIGINT, 
	claims_id INTEGER, 
	merged_into INTEGER, 
	merged JSON, 
	created_at BIGINT NOT NULL, undelivered INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT fk_thread_contact_id FOREIGN KEY(contact_id) REFERENCES contact (id), 
	CONSTRAINT fk_thread_counterparty_id FOREIGN KEY(counterparty_id) REFERENCES counterparty (id), 
	CONSTRAINT fk_thread_executor_id FOREIGN KEY(executor_id) REFERENCES user (id), 
	CONSTRAINT fk_thread_mailbox_id FOREIGN KEY(mailbox_id) REFERENCES mailbox (id), 
	CONSTRAINT fk_thread_scope_id FOREIGN KEY(scope_id) REFERENCES scope (id)
);
INSERT INTO "thread" VALUES(1,1,1,'Letter 0','letter 0','anna@client.example','anna@client.example','We have them.','',1,1,'open','them',1795000000000000,NULL,2,3,0,1795000000000000,1882193920000015,1882193920000002,5,'{"by":"address","pairs":[[1,1]]}',1795161600000000,NULL,NULL,NULL,1795000000000000,0);
INSERT INTO "thread" VALUES(2,1,1,'Letter 1','letter 1','anna@client.example','anna@client.example','We need 101 pumps.','',1,1,'closed',NULL,NULL,NULL,1,2,0,1795000000000000,1882193920000004,1882193920000004,4,'{"by":"address","pairs":[[1,1]]}',1795161600000000,NULL,NULL,NULL,1795000000000000,0);
INSERT INTO "thread" VALUES(3,1,1,'Letter 2','letter 2','anna@client.example','anna@client.example','We need 102 pumps.','',1,1,'open','us',1795000000000000,1795028800000000,1,2,0,1795000000000000,1882193920000006,1882193920000006,5,'{"by":"address","pairs":[[1,1]]}',1795161600000000,NULL,NULL,NULL,1795000000000000,0);
INSERT INTO "thread" VALUES(4,1,1,'Letter 3','letter 3','anna@client.example','anna@client.example','We need 103 pumps.','',1,1,'open','us',1795000000000000,1795028800000000,1,2,0,1795000000000000,1882193920000008,1882193920000008,3,'{"by":"address","pairs":[[1,1]]}',1795161600000000,NULL,NULL,NULL,1795000000000000,0);
INSERT INTO "thread" VALUES(5,1,1,'Letter 4','letter 4','anna@client.example','anna@client.example','We need 104 pumps.','',1,1,'open','us',1795000000000000,1795028800000000,1,2,0,1795000000000000,1882193920000010,1882193920000010,3,'{"by":"address","pairs":[[1,1]]}',1795161600000000,NULL,NULL,NULL,1795000000000000,0);
INSERT INTO "thread" VALUES(6,1,1,'Letter 5','letter 5','anna@client.example','anna@client.example','We need 105 pumps.','',1,1,'open','us',1795000000000000,1795028800000000,1,2,0,1795000000000000,1882193920000012,1882193920000012,3,'{"by":"address","pairs":[[1,1]]}',1795161600000000,NULL,NULL,NULL,1795000000000000,0);
INSERT INTO "thread" VALUES(7,1,1,'Letter 200','letter 200','anna@client.example','anna@client.example','We need 200 pumps.','',1,1,'closed',NULL,NULL,NULL,NULL,1,0,1795000000000000,1882193920000013,1882193920000013,1,'{"by":"address","pairs":[[1,1]]}',1795161600000000,NULL,NULL,NULL,1795000000000000,0);
INSERT INTO "thread" VALUES(8,1,1,'Letter 201','letter 201','anna@client.example','anna@client.example','We need 201 pumps.','',1,1,'open','us',1795000000000000,1795028800000000,1,1,0,1795000000000000,1882193920000014,1882193920000014,2,'{"by":"address","pairs":[[1,1]]}',1795161600000000,NULL,NULL,NULL,1795000000000000,0);
CREATE TABLE thread_event (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	thread_id INTEGER NOT NULL, 
	user_id INTEGER, 
	sentence TEXT NOT NULL, 
	fields JSON NOT NULL, 
	at BIGINT NOT NULL, 
	CONSTRAINT fk_thread_event_thread_id FOREIGN KEY(thread_id) REFERENCES thread (id), 
	CONSTRAINT fk_thread_event_user_id FOREIGN KEY(user_id) REFERENCES user (id)
);
INSERT INTO "thread_event" VALUES(1,1,NULL,'Assigned to %(name)s, the client''s responsible manager.','{"name":"olena"}',1795000000000000);
INSERT INTO "thread_event" VALUES(2,2,NULL,'Assigned to %(name)s, the client''s responsible manager.','{"name":"olena"}',1795000000000000);
INSERT INTO "thread_event" VALUES(3,3,NULL,'Assigned to %(name)s, the client''s responsible manager.','{"name":"olena"}',1795000000000000);
INSERT INTO "thread_event" VALUES(4,4,NULL,'Assigned to %(name)s, the client''s responsible manager.','{"name":"olena"}',1795000000000000);
INSERT INTO "thread_event" VALUES(5,5,NULL,'Assigned to %(name)s, the client''s responsible manager.','{"name":"olena"}',1795000000000000);
INSERT INTO "thread_event" VALUES(6,6,NULL,'Assigned to %(name)s, the client''s responsible manager.','{"name":"olena"}',1795000000000000);
INSERT INTO "thread_event" VALUES(7,1,1,'Assigned to %(name)s.','{"name":"petro"}',1795000000000000);
INSERT INTO "thread_event" VALUES(8,2,1,'Closed.','{}',1795000000000000);
INSERT INTO "thread_event" VALUES(9,8,NULL,'Assigned to %(name)s, the client''s responsible manager.','{"name":"olena"}',1795000000000000);
INSERT INTO "thread_event" VALUES(10,3,1,'Marked as junk.','{}',1795000000000000);
INSERT INTO "thread_event" VALUES(11,3,1,'Opened again.','{}',1795000000000000);
CREATE TABLE thread_participant (
	thread_id INTEGER NOT NULL, 
	address TEXT NOT NULL, 
	how TEXT NOT NULL, 
	sure INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_thread_participant PRIMARY KEY (thread_id, address)
);
INSERT INTO "thread_participant" VALUES(1,'anna@client.example','written',1);
INSERT INTO "thread_participant" VALUES(2,'anna@client.example','wrote',0);
INSERT INTO "thread_participant" VALUES(3,'anna@client.example','wrote',0);
INSERT INTO "thread_participant" VALUES(4,'anna@client.example','wrote',0);
INSERT INTO "thread_participant" VALUES(5,'anna@client.example','wrote',0);
INSERT INTO "thread_participant" VALUES(6,'anna@client.example','wrote',0);
INSERT INTO "thread_participant" VALUES(7,'anna@client.example','wrote',0);
INSERT INTO "thread_participant" VALUES(8,'anna@client.example','wrote',0);
CREATE TABLE token (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	"key" BLOB NOT NULL, 
	user_id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	scopes JSON NOT NULL, 
	created_at BIGINT NOT NULL, 
	used_at BIGINT, 
	revoked_at BIGINT, 
	CONSTRAINT fk_token_user_id FOREIGN KEY(user_id) REFERENCES user (id), 
	CONSTRAINT uq_token_key UNIQUE ("key")
);
INSERT INTO "token" VALUES(1,X'2E243FDD5B4E072D754B5A788ED92E6D3165F183B2975B02FAF9D451ADAF2348',1,'report','["read"]',1795000000000000,NULL,NULL);
CREATE TABLE unread (
	user_id INTEGER NOT NULL, 
	thread_id INTEGER NOT NULL, 
	scope_id INTEGER NOT NULL, 
	CONSTRAINT pk_unread PRIMARY KEY (user_id, thread_id)
);
INSERT INTO "unread" VALUES(1,1,1);
INSERT INTO "unread" VALUES(2,1,1);
INSERT INTO "unread" VALUES(1,2,1);
INSERT INTO "unread" VALUES(2,2,1);
INSERT INTO "unread" VALUES(1,3,1);
INSERT INTO "unread" VALUES(2,3,1);
INSERT INTO "unread" VALUES(1,4,1);
INSERT INTO "unread" VALUES(2,4,1);
INSERT INTO "unread" VALUES(1,5,1);
INSERT INTO "unread" VALUES(2,5,1);
INSERT INTO "unread" VALUES(1,6,1);
INSERT INTO "unread" VALUES(2,6,1);
INSERT INTO "unread" VALUES(1,8,1);
INSERT INTO "unread" VALUES(2,8,1);
CREATE TABLE user (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	email TEXT NOT NULL, 
	name TEXT NOT NULL, 
	password TEXT, 
	is_admin INTEGER DEFAULT '0' NOT NULL, 
	language TEXT DEFAULT '' NOT NULL, 
	theme TEXT DEFAULT '' NOT NULL, 
	created_at BIGINT NOT NULL, 
	disabled_at BIGINT, 
	CONSTRAINT uq_user_email UNIQUE (email)
);
INSERT INTO "user" VALUES(1,'olena@firm.example','olena',NULL,0,'','',1795000000000000,NULL);
INSERT INTO "user" VALUES(2,'petro@firm.example','petro',NULL,0,'','',1795000000000000,NULL);
INSERT INTO "user" VALUES(3,'admin@firm.example','Адмін',NULL,1,'bg','',1795000000000000,NULL);
INSERT INTO "user" VALUES(4,'manager@firm.example','Manager',NULL,1,'','',1795000000000000,NULL);
CREATE TABLE way_trouble (
	account_id INTEGER NOT NULL, 
	sentence TEXT NOT NULL, 
	fields JSON NOT NULL, 
	since BIGINT NOT NULL, 
	tries INTEGER NOT NULL, 
	next_at BIGINT NOT NULL, 
	CONSTRAINT pk_way_trouble PRIMARY KEY (account_id), 
	CONSTRAINT fk_way_trouble_account_id FOREIGN KEY(account_id) REFERENCES account (id) ON DELETE CASCADE
);
INSERT INTO "way_trouble" VALUES(1,'%(host)s takes no letters now.','{"host":"smtp.firm.example"}',1795000000000000,1,1795000005000000);
PRAGMA writable_schema=ON;
INSERT INTO sqlite_master(type,name,tbl_name,rootpage,sql)VALUES('table','word_index','word_index',0,'CREATE VIRTUAL TABLE word_index USING fts5(scope, subject, people, body, content='''', tokenize=''ascii'')');
CREATE TABLE 'word_index_config'(k PRIMARY KEY, v) WITHOUT ROWID;
INSERT INTO "word_index_config" VALUES('version',4);
CREATE TABLE 'word_index_data'(id INTEGER PRIMARY KEY, block BLOB);
INSERT INTO "word_index_data" VALUES(1,X'0F0F255C3B');
INSERT INTO "word_index_data" VALUES(10,X'00000000010F0F000F0101010201010301010401010501010601010701010801010901010A01010B01010C01010D01010E01010F0101');
INSERT INTO "word_index_data" VALUES(137438953473,X'000000CE02303083ABFB86E08080010C0101030103040104616E6E6183ABFB86E0808001060102020106636C69656E7483ABFB86E08080010601020301076578616D706C6583ABFB86E0808001080102040501046669726D83ABFB86E08080010601020601066C657474657283ABFB86E08080010601010201046E65656483ABFB86E080800106010303010570756D707383ABFB86E080800106010305010373317383ABFB86E080800102020204616C657383ABFB86E0808001060102050102776583ABFB86E0808001060103020412121416121412130F12');
INSERT INTO "word_index_data" VALUES(274877906945,X'000000EC02303083ABFB86E080800206010104010331303083ABFB86E0808002060103040104616E6E6183ABFB86E0808002060102020106636C69656E7483ABFB86E08080020601020301076578616D706C6583ABFB86E0808002080102040501046669726D83ABFB86E08080020601020601066C657474657283ABFB86E08080020601010301046E65656483ABFB86E080800206010303010570756D707383ABFB86E0808002060103050102726583ABFB86E080800206010102010373317383ABFB86E080800202020204616C657383ABFB86E0808002060102050102776583ABFB86E080800206010302040F1112141612141213100F12');
INSERT INTO "word_index_data" VALUES(412316860417,X'000000CE02303183ABFB86E08080030C0101030103040104616E6E6183ABFB86E0808003060102020106636C69656E7483ABFB86E08080030601020301076578616D706C6583ABFB86E0808003080102040501046669726D83ABFB86E08080030601020601066C657474657283ABFB86E08080030601010201046E65656483ABFB86E080800306010303010570756D707383ABFB86E080800306010305010373317383ABFB86E080800302020204616C657383ABFB86E0808003060102050102776583ABFB86E0808003060103020412121416121412130F12');
INSERT INTO "word_index_data" VALUES(549755813889,X'000000EB02303183ABFB86E0808004060101040202303183ABFB86E0808004060103040104616E6E6183ABFB86E0808004060102020106636C69656E7483ABFB86E08080040601020301076578616D706C6583ABFB86E0808004080102040501046669726D83ABFB86E08080040601020601066C657474657283ABFB86E08080040601010301046E65656483ABFB86E080800406010303010570756D707383ABFB86E0808004060103050102726583ABFB86E080800406010102010373317383ABFB86E080800402020204616C657383ABFB86E0808004060102050102776583ABFB86E080800406010302040F1012141612141213100F12');
INSERT INTO "word_index_data" VALUES(687194767361,X'000000CE02303283ABFB86E08080050C0101030103040104616E6E6183ABFB86E0808005060102020106636C69656E7483ABFB86E08080050601020301076578616D706C6583ABFB86E0808005080102040501046669726D83ABFB86E08080050601020601066C657474657283ABFB86E08080050601010201046E65656483ABFB86E080800506010303010570756D707383ABFB86E080800506010305010373317383ABFB86E080800502020204616C657383ABFB86E0808005060102050102776583ABFB86E0808005060103020412121416121412130F12');
INSERT INTO "word_index_data" VALUES(824633720833,X'000000EC043031303283ABFB86E08080060601030401013283ABFB86E0808006060101040104616E6E6183ABFB86E0808006060102020106636C69656E7483ABFB86E08080060601020301076578616D706C6583ABFB86E0808006080102040501046669726D83ABFB86E08080060601020601066C657474657283ABFB86E08080060601010301046E65656483ABFB86E080800606010303010570756D707383ABFB86E0808006060103050102726583ABFB86E080800606010102010373317383ABFB86E080800602020204616C657383ABFB86E0808006060102050102776583ABFB86E08080060601030204110F12141612141213100F12');
INSERT INTO "word_index_data" VALUES(962072674305,X'000000CE02303383ABFB86E08080070C0101030103040104616E6E6183ABFB86E0808007060102020106636C69656E7483ABFB86E08080070601020301076578616D706C6583ABFB86E0808007080102040501046669726D83ABFB86E08080070601020601066C657474657283ABFB86E08080070601010201046E65656483ABFB86E080800706010303010570756D707383ABFB86E080800706010305010373317383ABFB86E080800702020204616C657383ABFB86E0808007060102050102776583ABFB86E0808007060103020412121416121412130F12');
INSERT INTO "word_index_data" VALUES(1099511627777,X'000000EC043031303383ABFB86E08080080601030401013383ABFB86E0808008060101040104616E6E6183ABFB86E0808008060102020106636C69656E7483ABFB86E08080080601020301076578616D706C6583ABFB86E0808008080102040501046669726D83ABFB86E08080080601020601066C657474657283ABFB86E08080080601010301046E65656483ABFB86E080800806010303010570756D707383ABFB86E0808008060103050102726583ABFB86E080800806010102010373317383ABFB86E080800802020204616C657383ABFB86E0808008060102050102776583ABFB86E08080080601030204110F12141612141213100F12');
INSERT INTO "word_index_data" VALUES(1236950581249,X'000000CE02303483ABFB86E08080090C0101030103040104616E6E6183ABFB86E0808009060102020106636C69656E7483ABFB86E08080090601020301076578616D706C6583ABFB86E0808009080102040501046669726D83ABFB86E08080090601020601066C657474657283ABFB86E08080090601010201046E65656483ABFB86E080800906010303010570756D707383ABFB86E080800906010305010373317383ABFB86E080800902020204616C657383ABFB86E0808009060102050102776583ABFB86E0808009060103020412121416121412130F12');
INSERT INTO "word_index_data" VALUES(1374389534721,X'000000EC043031303483ABFB86E080800A0601030401013483ABFB86E080800A060101040104616E6E6183ABFB86E080800A060102020106636C69656E7483ABFB86E080800A0601020301076578616D706C6583ABFB86E080800A080102040501046669726D83ABFB86E080800A0601020601066C657474657283ABFB86E080800A0601010301046E65656483ABFB86E080800A06010303010570756D707383ABFB86E080800A060103050102726583ABFB86E080800A06010102010373317383ABFB86E080800A02020204616C657383ABFB86E080800A060102050102776583ABFB86E080800A0601030204110F12141612141213100F12');
INSERT INTO "word_index_data" VALUES(1511828488193,X'000000CE02303583ABFB86E080800B0C0101030103040104616E6E6183ABFB86E080800B060102020106636C69656E7483ABFB86E080800B0601020301076578616D706C6583ABFB86E080800B080102040501046669726D83ABFB86E080800B0601020601066C657474657283ABFB86E080800B0601010201046E65656483ABFB86E080800B06010303010570756D707383ABFB86E080800B06010305010373317383ABFB86E080800B02020204616C657383ABFB86E080800B060102050102776583ABFB86E080800B060103020412121416121412130F12');
INSERT INTO "word_index_data" VALUES(1649267441665,X'000000EC043031303583ABFB86E080800C0601030401013583ABFB86E080800C060101040104616E6E6183ABFB86E080800C060102020106636C69656E7483ABFB86E080800C0601020301076578616D706C6583ABFB86E080800C080102040501046669726D83ABFB86E080800C0601020601066C657474657283ABFB86E080800C0601010301046E65656483ABFB86E080800C06010303010570756D707383ABFB86E080800C060103050102726583ABFB86E080800C06010102010373317383ABFB86E080800C02020204616C657383ABFB86E080800C060102050102776583ABFB86E080800C0601030204110F12141612141213100F12');
INSERT INTO "word_index_data" VALUES(1786706395137,X'000000D0043032303083ABFB86E080800D0C0101030103040104616E6E6183ABFB86E080800D060102020106636C69656E7483ABFB86E080800D0601020301076578616D706C6583ABFB86E080800D080102040501046669726D83ABFB86E080800D0601020601066C657474657283ABFB86E080800D0601010201046E65656483ABFB86E080800D06010303010570756D707383ABFB86E080800D06010305010373317383ABFB86E080800D02020204616C657383ABFB86E080800D060102050102776583ABFB86E080800D060103020414121416121412130F12');
INSERT INTO "word_index_data" VALUES(1924145348609,X'000000D0043032303183ABFB86E080800E0C0101030103040104616E6E6183ABFB86E080800E060102020106636C69656E7483ABFB86E080800E0601020301076578616D706C6583ABFB86E080800E080102040501046669726D83ABFB86E080800E0601020601066C657474657283ABFB86E080800E0601010201046E65656483ABFB86E080800E06010303010570756D707383ABFB86E080800E06010305010373317383ABFB86E080800E02020204616C657383ABFB86E080800E060102050102776583ABFB86E080800E060103020414121416121412130F12');
INSERT INTO "word_index_data" VALUES(2061584302081,X'000000EE02303083ABFB86E080800F060101040104616E6E6183ABFB86E080800F08010206030106636C69656E7483ABFB86E080800F0601020801076578616D706C6583ABFB86E080800F080102050601046669726D83ABFB86E080800F0601020401046861766583ABFB86E080800F0601030301066C657474657283ABFB86E080800F0601010301056F6C656E6183ABFB86E080800F060102020102726583ABFB86E080800F06010102010373317383ABFB86E080800F02020204616C657383ABFB86E080800F0601020301047468656D83ABFB86E080800F060103040102776583ABFB86E080800F06010302040F13141612121413100F1212');
CREATE TABLE 'word_index_docsize'(id INTEGER PRIMARY KEY, sz BLOB);
INSERT INTO "word_index_docsize" VALUES(1882193920000001,X'01020604');
INSERT INTO "word_index_docsize" VALUES(1882193920000002,X'01030604');
INSERT INTO "word_index_docsize" VALUES(1882193920000003,X'01020604');
INSERT INTO "word_index_docsize" VALUES(1882193920000004,X'01030604');
INSERT INTO "word_index_docsize" VALUES(1882193920000005,X'01020604');
INSERT INTO "word_index_docsize" VALUES(1882193920000006,X'01030604');
INSERT INTO "word_index_docsize" VALUES(1882193920000007,X'01020604');
INSERT INTO "word_index_docsize" VALUES(1882193920000008,X'01030604');
INSERT INTO "word_index_docsize" VALUES(1882193920000009,X'01020604');
INSERT INTO "word_index_docsize" VALUES(1882193920000010,X'01030604');
INSERT INTO "word_index_docsize" VALUES(1882193920000011,X'01020604');
INSERT INTO "word_index_docsize" VALUES(1882193920000012,X'01030604');
INSERT INTO "word_index_docsize" VALUES(1882193920000013,X'01020604');
INSERT INTO "word_index_docsize" VALUES(1882193920000014,X'01020604');
INSERT INTO "word_index_docsize" VALUES(1882193920000015,X'01030803');
CREATE TABLE 'word_index_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;
INSERT INTO "word_index_idx" VALUES(1,X'',2);
INSERT INTO "word_index_idx" VALUES(2,X'',2);
INSERT INTO "word_index_idx" VALUES(3,X'',2);
INSERT INTO "word_index_idx" VALUES(4,X'',2);
INSERT INTO "word_index_idx" VALUES(5,X'',2);
INSERT INTO "word_index_idx" VALUES(6,X'',2);
INSERT INTO "word_index_idx" VALUES(7,X'',2);
INSERT INTO "word_index_idx" VALUES(8,X'',2);
INSERT INTO "word_index_idx" VALUES(9,X'',2);
INSERT INTO "word_index_idx" VALUES(10,X'',2);
INSERT INTO "word_index_idx" VALUES(11,X'',2);
INSERT INTO "word_index_idx" VALUES(12,X'',2);
INSERT INTO "word_index_idx" VALUES(13,X'',2);
INSERT INTO "word_index_idx" VALUES(14,X'',2);
INSERT INTO "word_index_idx" VALUES(15,X'',2);
CREATE INDEX ix_affiliation_counterparty_id ON affiliation (counterparty_id);
CREATE INDEX ix_blob_unsettled ON blob (id) WHERE content IS NOT NULL;
CREATE INDEX ix_change_transaction_id ON change ("transaction", id);
CREATE INDEX ix_contact_name_folded_id ON contact (name_folded, id);
CREATE INDEX ix_job_boot ON job (boot);
CREATE INDEX ix_job_ready ON job (kind, run_at, id) WHERE boot IS NULL AND dead_at IS NULL;
CREATE INDEX ix_letter_message_id ON letter (message_id);
CREATE INDEX ix_letter_reference_message_id ON letter_reference (message_id);
CREATE INDEX ix_membership_user_id ON membership (user_id);
CREATE INDEX ix_request_once_at ON request_once (at);
CREATE INDEX ix_thread_participant_address_thread_id ON thread_participant (address, thread_id);
CREATE INDEX ix_unread_thread_id ON unread (thread_id);
CREATE INDEX ix_access_grant_team_id ON access_grant (team_id);
CREATE INDEX ix_access_grant_user_id ON access_grant (user_id);
CREATE INDEX ix_assignment_scope_id_id ON assignment (scope_id, id);
CREATE INDEX ix_assignment_thread_id_id ON assignment (thread_id, id);
CREATE INDEX ix_counterparty_manager_id ON counterparty (manager_id);
CREATE INDEX ix_counterparty_name_folded_id ON counterparty (name_folded, id);
CREATE UNIQUE INDEX ix_mailbox_scope_id ON mailbox (scope_id);
CREATE INDEX ix_session_user_id ON session (user_id);
CREATE INDEX ix_account_mailbox_id ON account (mailbox_id);
CREATE INDEX ix_counterparty_domain_counterparty_id ON counterparty_domain (counterparty_id);
CREATE UNIQUE INDEX uq_counterparty_domain ON counterparty_domain (domain, counterparty_id);
CREATE INDEX ix_incoming_resend_key ON incoming (resend_key);
CREATE INDEX ix_incoming_state ON incoming (state, id) WHERE state <> 'done';
CREATE INDEX ix_interaction_counterparty_id_happened_at_id ON interaction (counterparty_id, happened_at, id);
CREATE INDEX ix_interaction_thread_id ON interaction (thread_id);
CREATE INDEX ix_mailbox_address_mailbox_id ON mailbox_address (mailbox_id);
CREATE INDEX ix_party_address_address ON party_address (address);
CREATE INDEX ix_party_address_contact_id ON party_address (contact_id);
CREATE INDEX ix_party_address_counterparty_id ON party_address (counterparty_id);
CREATE INDEX ix_thread_claims_id ON thread (claims_id) WHERE claims_id IS NOT NULL;
CREATE INDEX ix_thread_closed ON thread (scope_id, last_message_at DESC, id DESC) WHERE state = 'closed';
CREATE INDEX ix_thread_counterparty ON thread (counterparty_id, subject_base, last_message_at DESC);
CREATE INDEX ix_thread_late ON thread (scope_id, due_at, id) WHERE state = 'open' AND waiting_for = 'us';
CREATE INDEX ix_thread_late_client ON thread (counterparty_id, scope_id, waiting_since) WHERE state = 'open' AND waiting_for = 'us';
CREATE INDEX ix_thread_late_mine ON thread (executor_id, due_at, id) WHERE state = 'open' AND waiting_for = 'us';
CREATE INDEX ix_thread_merged_into ON thread (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX ix_thread_open ON thread (scope_id, last_message_at DESC, id DESC) WHERE state = 'open';
CREATE INDEX ix_thread_scope_executor ON thread (scope_id, executor_id, last_message_at DESC, id DESC);
CREATE INDEX ix_thread_scope_newest ON thread (scope_id, last_message_at DESC, id DESC);
CREATE INDEX ix_thread_spam ON thread (scope_id, last_message_at DESC, id DESC) WHERE state = 'spam';
CREATE UNIQUE INDEX ix_folder_account_id_wire ON folder (account_id, wire);
CREATE INDEX ix_message_letter_id_mailbox_id ON message (letter_id, mailbox_id);
CREATE INDEX ix_message_mailbox_id_id ON message (mailbox_id, id);
CREATE INDEX ix_message_thread_id_id ON message (thread_id, id);
CREATE INDEX ix_thread_event_thread_id_id ON thread_event (thread_id, id);
CREATE INDEX ix_delivery_leased ON delivery (boot) WHERE state = 'sending';
CREATE INDEX ix_delivery_ready ON delivery (next_at, id) WHERE state IN ('queued', 'deferred');
CREATE INDEX ix_delivery_scope ON delivery (scope_id, id);
CREATE INDEX ix_placement_blob_id ON placement (blob_id);
CREATE UNIQUE INDEX ix_placement_folder_id_uidvalidity_uid ON placement (folder_id, uidvalidity, uid);
CREATE INDEX ix_placement_incoming_id ON placement (incoming_id);
CREATE INDEX ix_placement_message_id ON placement (message_id);
CREATE INDEX ix_rule_mailbox_id_place ON rule (mailbox_id, place);
CREATE INDEX ix_job_blamed ON job (kind, id) WHERE dead_at IS NOT NULL OR lone_deaths > 0;
PRAGMA writable_schema=OFF;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('scope',2);
INSERT INTO "sqlite_sequence" VALUES('mailbox',2);
INSERT INTO "sqlite_sequence" VALUES('change',52);
INSERT INTO "sqlite_sequence" VALUES('user',4);
INSERT INTO "sqlite_sequence" VALUES('access_grant',10);
INSERT INTO "sqlite_sequence" VALUES('team',1);
INSERT INTO "sqlite_sequence" VALUES('audit',3);
INSERT INTO "sqlite_sequence" VALUES('token',1);
INSERT INTO "sqlite_sequence" VALUES('counterparty',1);
INSERT INTO "sqlite_sequence" VALUES('job',18);
INSERT INTO "sqlite_sequence" VALUES('party_address',2);
INSERT INTO "sqlite_sequence" VALUES('contact',1);
INSERT INTO "sqlite_sequence" VALUES('blob',17);
INSERT INTO "sqlite_sequence" VALUES('incoming',16);
INSERT INTO "sqlite_sequence" VALUES('letter',15);
INSERT INTO "sqlite_sequence" VALUES('thread',8);
INSERT INTO "sqlite_sequence" VALUES('interaction',15);
INSERT INTO "sqlite_sequence" VALUES('assignment',8);
INSERT INTO "sqlite_sequence" VALUES('thread_event',11);
INSERT INTO "sqlite_sequence" VALUES('account',2);
INSERT INTO "sqlite_sequence" VALUES('folder',1);
INSERT INTO "sqlite_sequence" VALUES('placement',1);
INSERT INTO "sqlite_sequence" VALUES('delivery',1);
INSERT INTO "sqlite_sequence" VALUES('suppression',1);
INSERT INTO "sqlite_sequence" VALUES('rule',1);
COMMIT;
