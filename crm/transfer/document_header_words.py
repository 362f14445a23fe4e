"""By which words of its header one knows what a column of a table of documents means, in the five languages."""

from __future__ import annotations

DOCUMENT_WORDS = {
    "document.title": """document; sales document; документ; документ продажи; документ реализации; регистратор;
        реєстратор; документ продажу; ссылка; chứng từ""",
    "document.kind": """document type; document kind; kind; type; вид документа; тип документа; вид операции;
        операция; хозяйственная операция; вид операції; вид на документа; вид; тип; loại chứng từ; loại""",
    "document.number": """number; document number; doc number; doc no; invoice number; invoice no; invoice;
        order number;
        номер; номер документа; ном; номер накладной; номер счета; номер заказа; номер накладної; номер рахунку;
        номер замовлення; номер на документа; номер на фактура; фактура; số; số chứng từ; số hóa đơn; số phiếu""",
    "document.date": """date; document date; doc date; invoice date; order date; дата; дата документа; дата и время;
        дата накладной; дата отгрузки; дата реализации; дата продажи; дата накладної; дата відвантаження; дата продажу;
        дата на документа; ngày; ngày chứng từ; ngày hóa đơn; ngày bán""",
    "document.external_id": """id; guid; uuid; document id; external id; document guid; ид; идентификатор; ид документа;
        идентификатор документа; код документа; уникальный идентификатор; ідентифікатор; ід документа;
        ідентифікатор документа; идентификатор на документа; mã chứng từ""",
    "document.currency": """currency; document currency; currency code; валюта; валюта документа; код валюты;
        код валюти; валута; валута на документа; tiền tệ; loại tiền""",
    "document.amount": """document total; document amount; document sum; invoice total; order total; grand total;
        сумма документа; итого по документу; сумма по документу; всего по документу; сума документа;
        разом за документом; сума за документом; обща сума; сума на документа; tổng chứng từ; tổng hóa đơn;
        tổng cộng""",
    "document.reason": """reason; reason of refusal; причина; причина отказа; причина відмови; причина возврата;
        причина повернення; причина за отказ; lý do; lý do từ chối""",
    "document.about": """comment; comments; note; notes; remark; комментарий; примечание; коментар; примітка; коментари;
        бележка; забележка; ghi chú; diễn giải""",
    "document.manager": """manager; responsible; sales manager; sales rep; salesperson; owner; менеджер; ответственный;
        ответственный менеджер; основной менеджер; продавец; автор; відповідальний; продавець; мениджър; отговорник;
        отговорен; търговец; người phụ trách; nhân viên bán hàng; nhân viên""",
    "document.based_on": """based on; on the basis of; basis; base document; order; на основании; основание;
        документ основание; заказ; заказ клиента; заказ покупателя; сделка; на підставі; підстава; документ підстава;
        замовлення; замовлення клієнта; замовлення покупця; въз основа на; поръчка; dựa trên; căn cứ; đơn hàng""",
    "client.name": """client; client name; customer; customer name; counterparty; buyer; company; account; account name;
        контрагент; контрагент наименование; наименование контрагента; клиент; покупатель; партнер; заказчик;
        клієнт; покупець; замовник; найменування контрагента; назва клієнта; клиент име; купувач; име на клиента;
        фирма; khách hàng; tên khách hàng; đối tác; người mua""",
    "firm.tax_number": """tax number; tax id; vat number; vat id; tin; edrpou; єдрпоу; код єдрпоу; іпн; рнокпп;
        податковий номер; код за єдрпоу; инн; инн контрагента; инн покупателя; инн клиента; контрагент инн; унп;
        налоговый номер; код едрпоу; едрпоу; єдрпоу контрагента; код єдрпоу контрагента; іпн контрагента; еик; булстат;
        дк номер; ддс номер; customer tax number; client tax number; customer vat number; mã số thuế; mst""",
    "client.external_id": """client id; client code; customer id; customer code; account id; код контрагента;
        код клиента; код партнера; код покупателя; контрагент код; код клієнта; код покупця; код на клиента;
        mã khách hàng""",
    "line.item": """item; item name; product; product name; goods; service; description; номенклатура;
        наименование номенклатуры; товар; товары; наименование товара; товар услуга; товары услуги; услуга;
        товары работы услуги; содержание услуги; наименование; назва товару; найменування товару; найменування; товари;
        товари послуги; послуга; назва; стока; наименование на стоката; продукт; hàng hóa; tên hàng; tên hàng hóa;
        mặt hàng; sản phẩm; tên sản phẩm""",
    "line.code": """sku; code; item code; product code; stock code; stockcode; part number; article; артикул; код;
        код товара; код номенклатуры; номенклатура код; номенклатура артикул; код товару; код номенклатури;
        каталожен номер; код на стоката; mã hàng; mã sản phẩm; mã hàng hóa""",
    "line.unit": """unit; uom; unit of measure; ед; ед изм; единица; единица измерения; од; од вим; одиниця;
        одиниця виміру; мярка; мерна единица; đvt; đơn vị tính; đơn vị""",
    "line.quantity": """quantity; qty; count; количество; кол во; кол; кількість; к сть; кіл ть; бройка; брой;
        số lượng; sl""",
    "line.price": """price; unit price; unitprice; цена; цена за единицу; цена за ед; цена продажи; ціна;
        ціна за одиницю; ціна продажу; единична цена; đơn giá; giá; giá bán""",
    "line.amount": """amount; sum; line total; line amount; net amount; revenue; turnover; sales; сумма; стоимость;
        сумма продажи; сумма выручки; выручка; сумма без ндс; сума; вартість; виручка; сума без пдв; сума продажу;
        стойност; сума без ддс; оборот; thành tiền; số tiền; doanh thu""",
    "line.total": """total; total with vat; gross amount; amount with vat; всего; итого; всего с ндс; сумма с ндс;
        стоимость с ндс; всього; усього; разом; всього з пдв; сума з пдв; общо; общо с ддс; сума с ддс; tổng; tổng tiền;
        thành tiền có thuế""",
    "line.vat": """vat; vat amount; vat sum; tax; tax amount; ндс; сумма ндс; пдв; сума пдв; ддс; сума ддс; thuế;
        tiền thuế; thuế gtgt""",
    "line.cost": """cost; cost price; cost amount; себестоимость; сумма себестоимости; закупочная стоимость;
        собівартість; сума собівартості; закупівельна вартість; себестойност; giá vốn; chi phí""",
    "line.profit": """profit; gross profit; margin; прибыль; валовая прибыль; доход; маржа; прибуток; валовий прибуток;
        дохід; печалба; lợi nhuận; lãi gộp""",
}
RATES = ("ставка", "rate", "thuế suất", "thue suat", "процент", "відсоток")
"""What a column is about that says a share and not a sum: ``% НДС``."""
SUMS = frozenset((
    "итого", "всего", "общий итог", "разом", "усього", "всього", "загальний підсумок", "підсумок", "total", "totals",
    "grand total", "subtotal", "sum", "общо", "всичко", "tổng", "tổng cộng", "cộng",
))  # fmt: skip
"""How a row begins that adds up those above it."""
