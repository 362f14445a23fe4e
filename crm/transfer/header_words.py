"""By which words of its header one knows what a column means, in the five languages."""

from __future__ import annotations

SAID_ELSEWHERE = {
    "client.name": """name; client; company; customer; organisation; organization; account; account name; company name;
        client name; counterparty; найменування; назва; клієнт; компанія; контрагент; організація; назва клієнта;
        назва компанії; партнер; наименование; название; клиент; компания; организация; название клиента;
        название компании; рабочее наименование; робоче найменування; име на фирма; фирма; наименование на фирмата;
        дружество; контрагенти; тен cong ty; tên công ty; công ty; khách hàng; tên khách hàng; tên; đối tác""",
    "client.kind": """kind; type; client type; вид; тип; вид клієнта; тип клієнта; тип контрагента; вид контрагента;
        юр фіз особа; юр физ лицо; тип клиента; вид клиента; вид на клиента; loại; loại khách hàng; phân loại""",
    "client.roles": """role; roles; роль; ролі; роли; vai trò""",
    "client.emails": """email; e mail; mail; address; email address; company email; електронна пошта; ел пошта; пошта;
        адреса ел пошти; адреса електронної пошти; імейл; емейл; мейл; электронная почта; эл почта; почта;
        адрес электронной почты; имейл; електронна поща; ел поща; поща; имейл адрес; thư điện tử; địa chỉ email;
        hòm thư""",
    "client.phones": """phone; phones; telephone; tel; office phone; company phone; phone number; fax; mobile; телефон;
        телефони; тел; номер телефону; факс; мобільний; телефоны; номер телефона; мобильный; телефонен номер; мобилен;
        điện thoại; số điện thoại; di động; sđt; sdt""",
    "client.domains": """website; site; domain; domains; web; url; сайт; вебсайт; домен; веб сайт; уеб сайт; интернет
        страница; trang web; tên miền""",
    "firm.name": """legal name; legal entity; full name of company; registered name; повне найменування; повна назва;
        юридична назва; юридична особа; юрособа; полное наименование; юридическое название; юридическое лицо; юрлицо;
        полное название; юридическо лице; пълно наименование; tên pháp nhân; tên đầy đủ; pháp nhân""",
    "firm.tax_number": """tax number; tax id; vat; vat number; vat id; tin; registration number; company number; edrpou;
        єдрпоу; код єдрпоу; іпн; ідпн; рнокпп; податковий номер; код за єдрпоу; инн; унп; огрн; окпо; налоговый номер;
        код едрпоу; едрпоу; еик; булстат; идентификационен номер; дк номер; ддс номер; mã số thuế; mst; ma so thue""",
    "firm.requisites": """requisites; bank; bank account; iban; postal address; legal address; реквізити; рахунок; банк;
        юридична адреса; поштова адреса; адреса; реквизиты; счет; юридический адрес; почтовый адрес; адрес; реквизити;
        банкова сметка; адрес на управление; седалище; tài khoản; địa chỉ; ngân hàng""",
    "client.city": """city; town; billing address city; shipping address city; місто; населений пункт; город;
        населенный пункт; град; населено място; thành phố; tỉnh thành""",
    "client.manager": """manager; responsible; owner; assigned user; assigned to; account manager; менеджер;
        відповідальний; відповідальна особа; відповідальний менеджер; основний менеджер; ответственный;
        основной менеджер; ответственный менеджер; мениджър; отговорник; отговорен; người phụ trách; quản lý;
        nhân viên phụ trách""",
    "client.groups": """group; groups; tag; tags; segment; category; група; групи; теги; категорія; сегмент; группа;
        группы; категория; этикетки; групи клиенти; nhóm; nhóm khách hàng; thẻ""",
    "client.channel": """channel; source; lead source; advertising channel; канал; джерело; джерело реклами;
        рекламний канал; звідки дізналися; источник; рекламный канал; источник рекламы; откуда узнали; източник;
        рекламен канал; nguồn; kênh; nguồn khách""",
    "client.language": """language; мова; язык; език; ngôn ngữ""",
    "client.time_zone": """time zone; timezone; часовий пояс; часовой пояс; часова зона; múi giờ""",
    "client.birthday": """founded; founding day; день заснування; дата заснування; день основания; дата основания;
        дата на основаване; ngày thành lập""",
    "client.parent": """parent; holding; head company; parent account; головна компанія; холдинг; головний контрагент;
        материнська компанія; головная компания; головной контрагент; материнская компания; компания майка;
        công ty mẹ""",
    "client.external_id": """id; code; external id; account id; код; ідентифікатор; зовнішній код; идентификатор;
        внешний код; ид; код на клиента; mã; mã khách hàng; guid; uuid""",
    "client.about": """about; description; comment; comments; note; notes; remark; опис; коментар; примітка; примітки;
        додаткова інформація; описание; комментарий; примечание; примечания; дополнительная информация; бележка;
        бележки; коментари; забележка; mô tả; ghi chú""",
    "person.name": """contact; contact name; contact person; person; full name; контакт; контактна особа; конт особа;
        піб; піб контакту; пібп; контактна особа піб; імя контакту; контактное лицо; фио; имя контакта; лице за контакт;
        контактно лице; име и фамилия; người liên hệ; họ và tên; họ tên; tên liên hệ""",
    "person.last_name": """last name; surname; family name; прізвище; фамилия; фамилно име; họ""",
    "person.first_name": """first name; given name; імя; имя; име; собствено име; tên gọi""",
    "person.middle_name": """middle name; patronymic; по батькові; отчество; презиме; бащино име; tên đệm""",
    "person.position": """position; job; job title; title; посада; должность; длъжност; позиция; chức vụ; vị trí;
        chức danh""",
    "person.emails": """contact email; contact e mail; person email; email контакту; пошта контакту; email контакта;
        почта контакта; имейл на контакта; email liên hệ; email người liên hệ""",
    "person.phones": """contact phone; contact mobile; person phone; телефон контакту; телефон контактної особи;
        мобільний контакту; телефон контакта; телефон контактного лица; телефон на контакта; điện thoại liên hệ;
        sđt liên hệ""",
    "person.language": """contact language; мова контакту; язык контакта; език на контакта; ngôn ngữ liên hệ""",
    "person.birthday": """birthday; birth date; date of birth; день народження; дата народження; др; день рождения;
        дата рождения; рожден ден; дата на раждане; ngày sinh; sinh nhật""",
    "person.about": """contact note; примітка контакту; примечание контакта; бележка за контакта; ghi chú liên hệ""",
    "person.consent": """consent; mailing; newsletter; subscribed; subscription; opt in; згода; розсилка; підписка;
        згода на розсилку; дозвіл на розсилку; согласие; рассылка; подписка; согласие на рассылку; съгласие; бюлетин;
        абонамент; đồng ý; nhận thư; nhận bản tin""",
    "person.consent_source": """consent source; source of consent; джерело згоди; звідки згода; источник согласия;
        източник на съгласието; nguồn đồng ý""",
    "person.consent_at": """consent date; date of consent; дата згоди; дата согласия; дата на съгласието;
        ngày đồng ý""",
}
SAID_HERE = {
    "client.name": """Client: name;
        Клієнт: назва;
        Клиент: название;
        Клиент: име;
        Khách hàng: tên""",
    "client.kind": """Client: company or person;
        Клієнт: компанія чи людина;
        Клиент: компания или человек;
        Клиент: фирма или човек;
        Khách hàng: công ty hay cá nhân""",
    "client.roles": """Client: roles;
        Клієнт: ролі;
        Клиент: роли;
        Клиент: роли;
        Khách hàng: vai trò""",
    "client.emails": """Client: addresses;
        Клієнт: адреси пошти;
        Клиент: адреса почты;
        Клиент: имейли;
        Khách hàng: địa chỉ thư""",
    "client.phones": """Client: telephones;
        Клієнт: телефони;
        Клиент: телефоны;
        Клиент: телефони;
        Khách hàng: điện thoại""",
    "client.domains": """Client: website;
        Клієнт: сайт;
        Клиент: сайт;
        Клиент: сайт;
        Khách hàng: trang web""",
    "firm.name": """Legal entity: name;
        Юрособа: назва;
        Юрлицо: название;
        Юридическо лице: име;
        Pháp nhân: tên""",
    "firm.tax_number": """Legal entity: tax number;
        Юрособа: податковий номер;
        Юрлицо: налоговый номер;
        Юридическо лице: данъчен номер;
        Pháp nhân: mã số thuế""",
    "firm.requisites": """Legal entity: requisites;
        Юрособа: реквізити;
        Юрлицо: реквизиты;
        Юридическо лице: реквизити;
        Pháp nhân: thông tin""",
    "client.city": """Client: town;
        Клієнт: місто;
        Клиент: город;
        Клиент: град;
        Khách hàng: thành phố""",
    "client.manager": """Client: manager;
        Клієнт: менеджер;
        Клиент: менеджер;
        Клиент: мениджър;
        Khách hàng: người phụ trách""",
    "client.groups": """Client: groups;
        Клієнт: групи;
        Клиент: группы;
        Клиент: групи;
        Khách hàng: nhóm""",
    "client.channel": """Client: channel;
        Клієнт: канал;
        Клиент: канал;
        Клиент: канал;
        Khách hàng: kênh""",
    "client.language": """Client: language;
        Клієнт: мова;
        Клиент: язык;
        Клиент: език;
        Khách hàng: ngôn ngữ""",
    "client.time_zone": """Client: time zone;
        Клієнт: часовий пояс;
        Клиент: часовой пояс;
        Клиент: часова зона;
        Khách hàng: múi giờ""",
    "client.birthday": """Client: founding day;
        Клієнт: день заснування;
        Клиент: день основания;
        Клиент: ден на основаване;
        Khách hàng: ngày thành lập""",
    "client.parent": """Client: belongs to;
        Клієнт: належить до;
        Клиент: входит в;
        Клиент: принадлежи към;
        Khách hàng: thuộc về""",
    "client.external_id": """Client: code elsewhere;
        Клієнт: код в іншій програмі;
        Клиент: код в другой программе;
        Клиент: код в друга програма;
        Khách hàng: mã ở nơi khác""",
    "client.about": """Client: notes;
        Клієнт: примітки;
        Клиент: примечания;
        Клиент: бележки;
        Khách hàng: ghi chú""",
    "person.name": """Contact: name;
        Контакт: повне ім'я;
        Контакт: полное имя;
        Контакт: име;
        Liên hệ: họ tên""",
    "person.last_name": """Contact: last name;
        Контакт: прізвище;
        Контакт: фамилия;
        Контакт: фамилия;
        Liên hệ: họ""",
    "person.first_name": """Contact: first name;
        Контакт: ім'я;
        Контакт: имя;
        Контакт: собствено име;
        Liên hệ: tên""",
    "person.middle_name": """Contact: middle name;
        Контакт: по батькові;
        Контакт: отчество;
        Контакт: презиме;
        Liên hệ: tên đệm""",
    "person.position": """Contact: position;
        Контакт: посада;
        Контакт: должность;
        Контакт: длъжност;
        Liên hệ: chức vụ""",
    "person.emails": """Contact: addresses;
        Контакт: адреси пошти;
        Контакт: адреса почты;
        Контакт: имейли;
        Liên hệ: địa chỉ thư""",
    "person.phones": """Contact: telephones;
        Контакт: телефони;
        Контакт: телефоны;
        Контакт: телефони;
        Liên hệ: điện thoại""",
    "person.language": """Contact: language;
        Контакт: мова;
        Контакт: язык;
        Контакт: език;
        Liên hệ: ngôn ngữ""",
    "person.birthday": """Contact: birthday;
        Контакт: день народження;
        Контакт: день рождения;
        Контакт: рожден ден;
        Liên hệ: sinh nhật""",
    "person.about": """Contact: notes;
        Контакт: примітки;
        Контакт: примечания;
        Контакт: бележки;
        Liên hệ: ghi chú""",
    "person.consent": """Contact: agrees to mailings;
        Контакт: згода на розсилки;
        Контакт: согласие на рассылки;
        Контакт: съгласие за бюлетини;
        Liên hệ: đồng ý nhận thư""",
    "person.consent_source": """Contact: where the consent comes from;
        Контакт: звідки згода;
        Контакт: откуда согласие;
        Контакт: откъде е съгласието;
        Liên hệ: nguồn của sự đồng ý""",
    "person.consent_at": """Contact: day of the consent;
        Контакт: день згоди;
        Контакт: день согласия;
        Контакт: ден на съгласието;
        Liên hệ: ngày đồng ý""",
}
"""The headers of our own exports."""
